-- Change an account that is as it was read.
-- ARGV: 4 hash of accounts, 5 the name as it is compared, 6 account (JSON) as it was, 7 as it
--       shall be, 8 a role that another account must have then, or ''
-- Returns: 'done', 'changed': it is not there, or not as it was, or 'last': no other has the role
-- Safe to repeat.
local there = redis.call('HGET', ARGV[4], ARGV[5])
if there ~= ARGV[6] and there ~= ARGV[7] then
  return 'changed'
end
if there ~= ARGV[7] and ARGV[8] ~= '' and not another_has(ARGV[4], ARGV[5], ARGV[8]) then
  return 'last'
end
redis.call('HSET', ARGV[4], ARGV[5], ARGV[7])
return 'done'
