-- What a batch knows of its submissions. Put below _admit.lua.
--
-- KEYS: prefixes 16 left (the ids that have not ended), 17 ended (those that have, in that
--       order), and 18 the batches that are being filled or cancelled, by when the sweep
--       finishes that in the place of whoever began it.
--
-- A batch is `filling`, then `running` or `cancelling`, then `finished` or `cancelled`. Its
-- counters change in the same call as the submission's state, so nothing ever counts
-- through a batch. Each end is on the batch's stream; its tenant is told of the batch at
-- its begin, its end, and not more than TOLD times between.
local LEFT, ENDED, FILLING = KEYS[16], KEYS[17], KEYS[18]
local TOLD = 50
-- Who cancels a batch comes back for the next piece within this time, or is gone.
local PIECE_MS = 2000

function line.count(batch, field, change)
  if batch then
    redis.call('HINCRBY', BATCH .. batch, field, change)
  end
end

local COUNTERS = { 'total', 'queued', 'running', 'finished', 'cancelled', 'rejected' }

local function summary(batch)
  local fields = redis.call('HGETALL', BATCH .. batch)
  local stored, verdicts = {}, {}
  for i = 1, #fields, 2 do
    stored[fields[i]] = fields[i + 1]
    local verdict = string.match(fields[i], '^verdict:(.*)$')
    if verdict then
      verdicts[verdict] = tonumber(fields[i + 1])
    end
  end
  local told = { batchId = batch, status = stored.state, verdicts = verdicts }
  for _, name in ipairs(COUNTERS) do
    told[name] = tonumber(stored[name])
  end
  return cjson.encode(told)
end

-- End the batch if all of it has ended; otherwise tell its tenant now and then.
function line.settle(batch, ttl_s)
  local key = BATCH .. batch
  local h = redis.call('HMGET', key, 'told', 'tenant', 'total', 'state')
  local state = h[4]
  if state ~= 'running' and state ~= 'cancelling' then
    return
  end
  local left = redis.call('SCARD', LEFT .. batch)
  if left > 0 then
    local part = math.floor((h[3] - left) * TOLD / h[3])
    if part > tonumber(h[1]) then
      redis.call('HSET', key, 'told', part)
      emit_tenant(h[2], 'batch', summary(batch))
    end
    return
  end
  local final = state == 'cancelling' and 'cancelled' or 'finished'
  redis.call('HSET', key, 'state', final, 'finishedMs', now_ms())
  call_back('batch:' .. batch, key)
  emit_batch(batch, final, summary(batch))
  emit_tenant(h[2], 'batch', summary(batch))
  line.let_batch_go(batch, ttl_s)
end

-- A submission has ended; if it is one of a batch, the batch knows.
function line.item_ended(id, state, verdict, ttl_s)
  local batch = redis.call('HGET', SUB .. id, 'batch')
  if not batch then
    return
  end
  line.count(batch, state, 1)
  if verdict ~= '' then
    line.count(batch, 'verdict:' .. verdict, 1)
  end
  redis.call('SREM', LEFT .. batch, id)
  redis.call('RPUSH', ENDED .. batch, id)
  line.settle(batch, ttl_s)
end

-- Nothing more is added: from now on it can end. One of which nothing was taken has not
-- been, so that it may be sent again with its key.
function line.seal(batch, rejected, ttl_s)
  local key = BATCH .. batch
  local h = redis.call('HMGET', key, 'total', 'once', 'state')
  if h[3] ~= 'filling' then
    return
  end
  redis.call('ZREM', FILLING, batch)
  if h[1] == '0' then
    redis.call('DEL', key, h[2] or key)
  else
    redis.call('HSET', key, 'state', 'running', 'rejected', rejected)
    emit_tenant(redis.call('HGET', key, 'tenant'), 'batch', summary(batch))
    line.settle(batch, ttl_s)
  end
end

-- Cancel so many of a batch that is `cancelling`, and see that the rest comes, too.
function line.cancel_some(batch, count, ttl_s, channel)
  for _, id in ipairs(redis.call('SRANDMEMBER', LEFT .. batch, count)) do
    cancel(id, ttl_s, channel)
  end
  line.settle(batch, ttl_s)
  if redis.call('EXISTS', LEFT .. batch) == 1 then
    redis.call('ZADD', FILLING, now_ms() + PIECE_MS, batch)
  else
    redis.call('ZREM', FILLING, batch)
  end
end

-- Whoever filled or cancelled these has not been heard of for long: the ones are what they
-- are, and of the others one sweep cancels a piece.
function line.finish_forsaken(now, ttl_s, channel)
  local most = MOST_MOVED
  for _, batch in ipairs(redis.call('ZRANGEBYSCORE', FILLING, '-inf', now, 'LIMIT', 0, 100)) do
    if redis.call('HGET', BATCH .. batch, 'state') ~= 'cancelling' then
      line.seal(batch, 0, ttl_s)
    elseif most > 0 then
      line.cancel_some(batch, most, ttl_s, channel)
      redis.call('ZADD', FILLING, 'XX', now, batch) -- the next sweep goes on
      most = 0
    end
  end
end

-- May a submission that stands in line not be begun any more? Then it ends here.
function line.is_too_late(id, now, ttl_s, channel)
  local h = redis.call('HMGET', SUB .. id, 'startByMs', 'batch')
  if h[1] and tonumber(h[1]) <= now then
    line.expire(id, ttl_s, channel)
    return true
  end
  if h[2] and redis.call('HGET', BATCH .. h[2], 'state') == 'cancelling' then
    cancel(id, ttl_s, channel)
    return true
  end
  return false
end
