-- Take a webhook or event that was given up off its list: to send it again, or for good.
-- ARGV: 4 the list of its tenant, 5 its entry as it is there, 6 zset of tenants that have
--       any, 7 tenant, 8 its name to send it again or '', 9 its URL,
--       10 its body or '', which is made when it is sent
-- Returns: 1, or 0 when it was not there any more
local taken = redis.call('LREM', ARGV[4], 1, ARGV[5])
if redis.call('EXISTS', ARGV[4]) == 0 then
  redis.call('ZREM', ARGV[6], ARGV[7])
end
if taken == 1 and ARGV[8] ~= '' then
  redis.call('HSET', DELIVERY .. ARGV[8], 'url', ARGV[9], 'tenant', ARGV[7], 'attempts', 0)
  if ARGV[10] ~= '' then
    redis.call('HSET', DELIVERY .. ARGV[8], 'body', ARGV[10])
  end
  redis.call('ZADD', DELIVERIES, now_ms(), ARGV[8])
end
return taken
