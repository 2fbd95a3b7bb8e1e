-- One request, taken once: what a caller's Idempotency-Key has brought about. Put below
-- _batch.lua.

-- 'again:<id>' if this key has been used with this body, 'conflict' if with another one,
-- nil if it has not been used or if there is none.
function line.before(key, digest)
  local known = key ~= '' and redis.call('GET', key)
  if not known then
    return nil
  end
  local seen, id = string.match(known, '^(%S+) (%S+)$')
  return seen == digest and 'again:' .. id or 'conflict'
end

function line.remember(key, digest, id, ttl_s)
  if key ~= '' then
    redis.call('SET', key, digest .. ' ' .. id, 'EX', ttl_s)
  end
end
