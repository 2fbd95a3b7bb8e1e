-- Change an account that is as it was read.
-- ARGV: 4 hash of accounts, 5 the name as it is compared, 6 account (JSON) as it was, 7 as it
--       shall be
-- Returns: 1, or 0: it is not there, or not as it was
-- Safe to repeat.
local there = redis.call('HGET', ARGV[4], ARGV[5])
if there ~= ARGV[6] and there ~= ARGV[7] then
  return 0
end
redis.call('HSET', ARGV[4], ARGV[5], ARGV[7])
return 1
