#!lua flags=allow-oom
-- Install a problem, or take it off the list; if that changes whether it is there, its board is to
-- be gone through by restand.lua.
-- ARGV: 4 its id, 5 its entry (JSON), or '' to take it off
-- Returns: 1 if it was there before, or 0
local was = redis.call('HEXISTS', PROBLEMS, ARGV[4])
if ARGV[5] == '' then
  redis.call('HDEL', PROBLEMS, ARGV[4])
else
  redis.call('HSET', PROBLEMS, ARGV[4], ARGV[5])
end
if was ~= redis.call('HEXISTS', PROBLEMS, ARGV[4]) then
  redis.call('HSET', RESTANDING, ARGV[4], '')
end
return was
