#!lua flags=allow-oom
-- Go on through the board of a problem that was installed or deleted, and let each count say
-- rightly whether it has been solved.
-- ARGV: 4 problem, 5 how many rows at most
-- Returns: 1 if there may be more, or 0
-- Safe to repeat, also by several at a time: each step looks at how things are now.
local problem, most = ARGV[4], tonumber(ARGV[5])
local last = redis.call('HGET', RESTANDING, problem)
if not last then
  return 0
end
local from = last == '' and '-' or '(' .. last
local rows = redis.call('ZRANGEBYLEX', BOARD .. problem, from, '+', 'LIMIT', 0, most)
for _, row in ipairs(rows) do
  standings.place(string.match(row, '^[^:]*:[^:]*:[^:]*:[^:]*:[^:]*:(.*)$'), problem, true)
end
if #rows < most then
  redis.call('HDEL', RESTANDING, problem)
  return 0
end
redis.call('HSET', RESTANDING, problem, rows[#rows])
return 1
