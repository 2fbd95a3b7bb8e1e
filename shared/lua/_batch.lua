-- What a batch knows of its submissions. Put below _admit.lua.
--
-- KEYS: prefixes 16 left (the ids that have not ended), 17 ended (those that have, in that
--       order), and 18 the batches that are being filled, by when that must be over.
--
-- A batch is `filling`, then `running` or `cancelling`, then `finished` or `cancelled`. Its
-- counters change in the same call as the submission's state, so nothing ever counts
-- through a batch. Each end is on the batch's stream; its tenant is told of the batch at
-- its begin, its end, and not more than TOLD times between.
local LEFT, ENDED, FILLING = KEYS[16], KEYS[17], KEYS[18]
local TOLD = 50

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
  redis.call('EXPIRE', key, ttl_s)
  redis.call('EXPIRE', EV .. batch, ttl_s)
  redis.call('EXPIRE', ENDED .. batch, ttl_s)
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

-- Nothing more is added: from now on it can end.
function line.seal(batch, rejected, ttl_s)
  local key = BATCH .. batch
  redis.call('ZREM', FILLING, batch)
  if redis.call('HGET', key, 'state') == 'filling' then
    redis.call('HSET', key, 'state', 'running', 'rejected', rejected)
    emit_tenant(redis.call('HGET', key, 'tenant'), 'batch', summary(batch))
    line.settle(batch, ttl_s)
  end
end

-- Whoever filled these has not been heard of for long: they are what they are.
function line.seal_forsaken(now, ttl_s)
  for _, batch in ipairs(redis.call('ZRANGEBYSCORE', FILLING, '-inf', now, 'LIMIT', 0, 100)) do
    line.seal(batch, 0, ttl_s)
  end
end
