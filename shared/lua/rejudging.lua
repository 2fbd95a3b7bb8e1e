#!lua flags=allow-oom
-- Go on with judging a whole problem again: keep it for us, and note how far it is.
-- ARGV: 4 the hash of that, 5 `askedMs` as its caller knows it, 6 zset of the problems that are
--       being judged again, by when somebody else may go on, 7 problem, 8 in how many ms, or ''
--       when it is done, 9 how long the hash is kept then in s, 10.. field, value, ...
-- Returns: 1, or 0 with nothing changed: it was asked for anew meanwhile, or is done
-- Safe to repeat.
if redis.call('HGET', ARGV[4], 'askedMs') ~= ARGV[5] or not redis.call('ZSCORE', ARGV[6], ARGV[7]) then
  return 0
end
for i = 10, #ARGV - 1, 2 do
  redis.call('HSET', ARGV[4], ARGV[i], ARGV[i + 1])
end
if ARGV[8] == '' then
  redis.call('ZREM', ARGV[6], ARGV[7])
  redis.call('EXPIRE', ARGV[4], ARGV[9])
else
  redis.call('ZADD', ARGV[6], now_ms() + tonumber(ARGV[8]), ARGV[7])
end
return 1
