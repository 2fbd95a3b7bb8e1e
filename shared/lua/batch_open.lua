-- Begin a batch: its submissions are added by batch_add.lua, then batch_seal.lua.
-- ARGV: 4 id, 5 tenant, 6 epoch, 7 time in ms that filling may take, 8 key that remembers
--       the caller's Idempotency-Key or '', 9 digest of the body, 10 life of that in s,
--       11 URL that is told of its end, or ''
-- Returns: 'filling', or 'again:<id>' / 'conflict' for a key that was used before
-- Safe to repeat with the same id.
local id = ARGV[4]
local known = line.before(ARGV[8], ARGV[9])
if known == 'again:' .. id then
  known = nil
end
if known then
  return known
end
if redis.call('EXISTS', BATCH .. id) == 0 then
  local now = now_ms()
  redis.call('HSET', BATCH .. id, 'tenant', ARGV[5], 'state', 'filling', 'epoch', ARGV[6],
    'seq', 0, 'createdMs', now, 'total', 0, 'queued', 0, 'running', 0, 'finished', 0,
    'cancelled', 0, 'rejected', 0, 'told', 0, 'callback', ARGV[11] or '')
  redis.call('ZADD', FILLING, now + tonumber(ARGV[7]), id)
  line.remember(ARGV[8], ARGV[9], id, ARGV[10])
end
return 'filling'
