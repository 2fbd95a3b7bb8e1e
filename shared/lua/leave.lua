#!lua flags=allow-oom
-- Delete an account: from here on it opens nothing, sends nothing in, and is in no list.
-- What it has sent in is removed afterwards, as long as its tenant is among the leaving.
-- ARGV: 4 hash of accounts, 5 the name as it is compared, 6 account (JSON) as it was read,
--       7 its tenant, 8 set of the tenants that are leaving,
--       9 a role that another account must have then, or ''
-- Returns: 'done' (also if it is not there any more), 'changed': it is not as it was, or
-- 'last': no other has the role
-- Safe to repeat.
local there = redis.call('HGET', ARGV[4], ARGV[5])
if not there then
  return 'done'
end
if there ~= ARGV[6] then
  return 'changed'
end
if ARGV[9] ~= '' and not another_has(ARGV[4], ARGV[5], ARGV[9]) then
  return 'last'
end
redis.call('SADD', ARGV[8], ARGV[7])
redis.call('HDEL', ARGV[4], ARGV[5])
redis.call('HDEL', MEMBERS, ARGV[7])
standings.forget(ARGV[7])
return 'done'
