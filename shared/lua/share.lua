-- Let everybody who is signed in read a submission, or not any more.
-- ARGV: 4 id, 5 its tenant, 6 '1' or ''
-- Returns: 'done', 'secret': it shows the secret tests of a package, or nil: there is no such
-- submission of this tenant
local h = redis.call('HMGET', SUB .. ARGV[4], 'tenant', 'reveals')
if h[1] ~= ARGV[5] then
  return nil
end
if ARGV[6] == '' then
  redis.call('HDEL', SUB .. ARGV[4], 'shared')
elseif h[2] then
  return 'secret'
else
  redis.call('HSET', SUB .. ARGV[4], 'shared', '1')
end
line.archive_again(ARGV[4])
return 'done'
