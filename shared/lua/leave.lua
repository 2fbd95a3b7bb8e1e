#!lua flags=allow-oom
-- Delete an account: from here on it opens nothing, sends nothing in, and is in no list.
-- What it has sent in is removed afterwards, as long as its tenant is among the leaving.
-- ARGV: 4 hash of accounts, 5 the name as it is compared, 6 account (JSON) as it was read,
--       7 its tenant, 8 set of the tenants that are leaving
-- Returns: 1, or 0: it is not there, or not as it was
-- Safe to repeat.
if redis.call('HGET', ARGV[4], ARGV[5]) ~= ARGV[6] then
  return 0
end
redis.call('SADD', ARGV[8], ARGV[7])
redis.call('HDEL', ARGV[4], ARGV[5])
redis.call('HDEL', MEMBERS, ARGV[7])
standings.forget(ARGV[7])
return 1
