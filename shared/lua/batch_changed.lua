#!lua flags=allow-oom
-- Something was taken out of a batch. If it has ended, what is archived of it is to follow.
-- ARGV: 4 id, 5 tenant, 6 TTL in s where nothing is archived
-- Returns: 1, or 0: Redis has no such batch of this tenant
local h = redis.call('HMGET', BATCH .. ARGV[4], 'tenant', 'state')
if h[1] ~= ARGV[5] then
  return 0
end
if h[2] == 'finished' or h[2] == 'cancelled' then
  line.let_batch_go(ARGV[4], ARGV[6])
end
return 1
