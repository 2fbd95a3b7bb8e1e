-- A webhook or event could not be delivered: lay it down among the failed ones of its tenant,
-- unless it is not in line any more, because what it tells of was deleted.
-- ARGV: 4 its name, 5 the list of its tenant, 6 its entry there, 7 how many are kept,
--       8 zset of tenants that have any, 9 tenant, 10 time in ms
-- Returns: 1, or 0 if it was not in line
if redis.call('DEL', DELIVERY .. ARGV[4]) == 0 then
  return 0
end
redis.call('ZREM', DELIVERIES, ARGV[4])
redis.call('LPUSH', ARGV[5], ARGV[6])
redis.call('LTRIM', ARGV[5], 0, ARGV[7] - 1)
redis.call('ZADD', ARGV[8], ARGV[10], ARGV[9])
return 1
