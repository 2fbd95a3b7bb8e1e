#!lua flags=allow-oom
-- Forget a batch that has ended and whose submissions are forgotten: remove it and what leads to
-- it, and note that it may still be in the archive.
-- ARGV: 4 id, 5 its tenant, 6 in how many ms the archive is looked after once more
-- Returns: 1
-- Safe to repeat.
local id, tenant = ARGV[4], ARGV[5]
local h = redis.call('HMGET', BATCH .. id, 'tenant', 'once')
redis.call('ZADD', FORGOTTEN, now_ms() + tonumber(ARGV[6]), id .. ':' .. tenant)
if h[1] ~= tenant then
  return 1
end
if h[2] and string.match(redis.call('GET', h[2]) or '', ' (%S+)$') == id then
  redis.call('DEL', h[2])
end
redis.call('ZREM', FILLING, id)
redis.call('ZREM', BATCHES_TO_ARCHIVE, id)
redis.call('ZREM', DELIVERIES, 'batch:' .. id)
redis.call('DEL', BATCH .. id, LEFT .. id, ENDED .. id, EV .. id, DELIVERY .. 'batch:' .. id)
return 1
