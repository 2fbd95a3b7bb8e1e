-- May one more attempt be made? It is counted before it is made, so that many at the same
-- time are not more than allowed; one that was right is given back.
-- ARGV: 4 'try' or 'right', 5 mark of a place from which it was right before, 6 how long such a
--       mark stays in ms, 7.. key of a counter, most attempts, length of its window in ms, and
--       again; the last one does not count for a place with a mark
-- Returns: 0, or ms to wait: then nothing was counted
local last = #ARGV - 2
if redis.call('EXISTS', ARGV[5]) == 1 then
  last = last - 3
end
if ARGV[4] == 'right' then
  for i = 7, last, 3 do
    if tonumber(redis.call('GET', ARGV[i]) or '0') > 0 then
      redis.call('DECR', ARGV[i])
    end
  end
  redis.call('SET', ARGV[5], '1', 'PX', ARGV[6])
  return 0
end
local wait = 0
for i = 7, last, 3 do
  if tonumber(redis.call('GET', ARGV[i]) or '0') >= tonumber(ARGV[i + 1]) then
    wait = math.max(wait, redis.call('PTTL', ARGV[i]))
  end
end
if wait > 0 then
  return wait
end
for i = 7, last, 3 do
  if redis.call('INCR', ARGV[i]) == 1 then
    redis.call('PEXPIRE', ARGV[i], ARGV[i + 2])
  end
end
return 0
