#!lua flags=allow-oom
-- Cancel what of a batch has not ended, some of it; to be repeated until nothing is left.
-- ARGV: 4 id, 5 TTL in s, 6 channel of `problem_done`, 7 how many at most
-- Returns: how many are left, or nil: no such batch
local batch = ARGV[4]
local state = redis.call('HGET', BATCH .. batch, 'state')
if not state then
  return nil
end
if state == 'filling' or state == 'running' then
  redis.call('ZREM', FILLING, batch)
  redis.call('HSET', BATCH .. batch, 'state', 'cancelling')
end
for _, id in ipairs(redis.call('SRANDMEMBER', LEFT .. batch, ARGV[7])) do
  emit(id, 'cancelled', cjson.encode({ status = 'cancelled' }))
  close(id, 'cancelled', '', '{}', ARGV[5])
  announce(ARGV[6], id, 'cancelled', cjson.null)
end
line.settle(batch, ARGV[5])
line.call()
return redis.call('SCARD', LEFT .. batch)
