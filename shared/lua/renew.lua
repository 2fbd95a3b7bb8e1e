#!lua flags=allow-oom
-- A worker's heartbeat: it lives, has so many slots, still holds these claims, and has
-- counted this since its last report.
-- ARGV: 4 worker id, 5 slots, 6 facts (JSON), 7 lease in ms, 8 number of the report,
--       9 how many counts it has, 10.. field, amount, field, amount ..., then
--       id, fence, id, fence ...
-- Returns: 1 if the worker shall drain, else 0, and the ids whose claim is lost; their runs
-- must be killed
-- Safe to repeat: a report is counted once, by its number.
local now = now_ms()
redis.call('HSET', WORKERS, ARGV[4], now .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
local counts = 2 * tonumber(ARGV[9])
if counts > 0 and redis.call('HGET', COUNTED, ARGV[4]) ~= ARGV[8] then
  redis.call('HSET', COUNTED, ARGV[4], ARGV[8])
  for i = 10, 9 + counts, 2 do
    redis.call('HINCRBY', COUNTS, ARGV[i], ARGV[i + 1])
  end
end
local answer = { redis.call('HEXISTS', DRAINING, ARGV[4]) }
for i = 10 + counts, #ARGV - 1, 2 do
  if holds(ARGV[i], ARGV[i + 1]) then
    redis.call('ZADD', LEASES, now + tonumber(ARGV[7]), ARGV[i])
  else
    answer[#answer + 1] = ARGV[i]
  end
end
return answer
