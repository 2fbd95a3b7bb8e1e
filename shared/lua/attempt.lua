-- May one more attempt be made? It is counted before it is made, so that many at the same
-- time are not more than allowed; one that was right is given back.
-- ARGV: 4 'try', 'right' or 'know', 5 mark of the browser, if it has one, 6 mark that it shall
--       have when it was right, 7 how long a mark stays in ms,
--       8.. key of a counter, most attempts, length of its window in ms, and again: the first
--       is for a browser with a mark, and the others are for all without
-- Returns: 0, or ms to wait: then nothing was counted
local first, last = 11, #ARGV - 2
if redis.call('EXISTS', ARGV[5]) == 1 then
  first, last = 8, 8
end
if ARGV[4] ~= 'try' then
  for i = first, ARGV[4] == 'right' and last or 0, 3 do
    if tonumber(redis.call('GET', ARGV[i]) or '0') > 0 then
      redis.call('DECR', ARGV[i])
    end
  end
  redis.call('SET', ARGV[6], '1', 'PX', ARGV[7])
  return 0
end
local wait = 0
for i = first, last, 3 do
  if tonumber(redis.call('GET', ARGV[i]) or '0') >= tonumber(ARGV[i + 1]) then
    wait = math.max(wait, redis.call('PTTL', ARGV[i]))
  end
end
if wait > 0 then
  return wait
end
for i = first, last, 3 do
  if redis.call('INCR', ARGV[i]) == 1 then
    redis.call('PEXPIRE', ARGV[i], ARGV[i + 2])
  end
end
return 0
