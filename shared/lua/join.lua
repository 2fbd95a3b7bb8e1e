-- Make an account by an invite: the name is taken and the invite used in one step, so that
-- an invite for one makes one, whoever comes at the same time.
-- ARGV: 4 hash of accounts, 5 the name as it is compared, 6 account (JSON), 7 its tenant,
--       8 its name, 9 hash of the invite, 10 digest of the invite's secret,
--       11 set of all invites, 12 id of this one
-- Returns: 'made' (also when this very account was made before), 'invite': it opens nothing
-- (any more), or 'taken': the name is
local invite = redis.call('HMGET', ARGV[9], 'digest', 'left')
local there = redis.call('HGET', ARGV[4], ARGV[5])
if there == ARGV[6] then
  return 'made'
end
if invite[1] ~= ARGV[10] or tonumber(invite[2] or '0') < 1 then
  return 'invite'
end
if there then
  return 'taken'
end
redis.call('HSET', ARGV[4], ARGV[5], ARGV[6])
redis.call('HSET', MEMBERS, ARGV[7], ARGV[8])
if redis.call('HINCRBY', ARGV[9], 'left', -1) < 1 then
  redis.call('DEL', ARGV[9])
  redis.call('ZREM', ARGV[11], ARGV[12])
end
return 'made'
