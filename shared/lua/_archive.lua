-- How what has ended leaves Redis. Put below _once.lua.
--
-- KEYS, the three before the last ten: what is to be archived, by when an archiver may take
--       it; the archive's hash: `mode` and counters; what was forgotten and may still be in
--       the archive, by when that is looked after: `<id>:<tenant>`; and 28 the same of what
--       has a grave there, by when that goes; 29 batches that are to be archived
--
-- Whoever archives writes what it archives into `mode`: 'all' or 'single'. From then on
-- what ends has no TTL before it is in the archive; `rev` counts its versions, so that an
-- older one is never taken for the newest.
local TO_ARCHIVE, ARCHIVE, FORGOTTEN = KEYS[#KEYS - 12], KEYS[#KEYS - 11], KEYS[#KEYS - 10]
local BURIED, BATCHES_TO_ARCHIVE = KEYS[28], KEYS[29]

-- Its owner had it deleted: who has read it before shall not bring it back.
local function is_forgotten(id, tenant)
  local note = id .. ':' .. tenant
  return redis.call('ZSCORE', FORGOTTEN, note) or redis.call('ZSCORE', BURIED, note)
end

-- The same for who has written it, of a tenant that is gone, too: then all its own is deleted.
local function is_unwanted(id, tenant, now)
  if standings.is_gone(tenant) then
    redis.call('ZADD', FORGOTTEN, 'NX', now, id .. ':' .. tenant)
  end
  return redis.call('ZSCORE', FORGOTTEN, id .. ':' .. tenant)
end

-- What is in the archive is kept current there, also when nothing else goes there any more.
local function is_archived_later(id)
  local mode, h = redis.call('HGET', ARCHIVE, 'mode'), redis.call('HMGET', SUB .. id, 'batch', 'rev')
  return mode == 'all' or (mode == 'single' and not h[1]) or (mode and h[2])
end

-- What has ended is to be archived, also if an older version of it is archived already.
function line.archive(id)
  redis.call('HINCRBY', SUB .. id, 'rev', 1)
  redis.call('ZADD', TO_ARCHIVE, now_ms(), id)
  redis.call('PERSIST', SUB .. id)
  redis.call('PERSIST', EV .. id)
end

-- A submission has ended: it has its time in Redis, or is archived before that.
function line.let_go(id, ttl_s)
  if is_archived_later(id) then
    line.archive(id)
  else
    redis.call('EXPIRE', SUB .. id, ttl_s)
    redis.call('EXPIRE', EV .. id, ttl_s)
  end
end

-- What may have ended was changed afterwards.
function line.archive_again(id)
  local state = redis.call('HGET', SUB .. id, 'state')
  if (state == 'finished' or state == 'cancelled') and is_archived_later(id) then
    line.archive(id)
  end
end

-- A batch has ended: the same. It is archived also where its submissions are not.
function line.let_batch_go(batch, ttl_s)
  local key, mode = BATCH .. batch, redis.call('HGET', ARCHIVE, 'mode')
  local is_later = mode and (mode ~= 'none' or redis.call('HEXISTS', key, 'rev') == 1)
  if is_later then
    redis.call('HINCRBY', key, 'rev', 1)
    redis.call('ZADD', BATCHES_TO_ARCHIVE, now_ms(), batch)
  end
  for _, each in ipairs({ key, EV .. batch, ENDED .. batch }) do
    if is_later then
      redis.call('PERSIST', each)
    else
      redis.call('EXPIRE', each, ttl_s)
    end
  end
end
