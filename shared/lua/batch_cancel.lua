#!lua flags=allow-oom
-- Cancel what of a batch has not ended, some of it; to be repeated until nothing is left.
-- From the first call on nothing of it is begun, and if its caller is gone the sweep goes on.
-- ARGV: 4 id, 5 TTL in s, 6 channel of `problem_done`, 7 how many at most
-- Returns: how many are left, or nil: no such batch
local batch = ARGV[4]
local state = redis.call('HGET', BATCH .. batch, 'state')
if not state then
  return nil
end
if state == 'filling' or state == 'running' then
  redis.call('HSET', BATCH .. batch, 'state', 'cancelling')
end
line.cancel_some(batch, ARGV[7], ARGV[5], ARGV[6])
line.call()
return redis.call('SCARD', LEFT .. batch)
