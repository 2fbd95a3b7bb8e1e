-- May one more attempt be made? It is counted before it is made, so that many at the same
-- time are not more than allowed; one that was right is given back.
-- ARGV: 4 'try' or 'right', 5 length of the window in ms,
--       6.. key of a counter, most attempts in a window, and again
-- Returns: 0, or ms to wait: then nothing was counted
local wait = 0
if ARGV[4] == 'right' then
  for i = 6, #ARGV - 1, 2 do
    if tonumber(redis.call('GET', ARGV[i]) or '0') > 0 then
      redis.call('DECR', ARGV[i])
    end
  end
  return 0
end
for i = 6, #ARGV - 1, 2 do
  if tonumber(redis.call('GET', ARGV[i]) or '0') >= tonumber(ARGV[i + 1]) then
    wait = math.max(wait, redis.call('PTTL', ARGV[i]))
  end
end
if wait > 0 then
  return wait
end
for i = 6, #ARGV - 1, 2 do
  if redis.call('INCR', ARGV[i]) == 1 then
    redis.call('PEXPIRE', ARGV[i], ARGV[5])
  end
end
return 0
