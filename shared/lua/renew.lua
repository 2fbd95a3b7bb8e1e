#!lua flags=allow-oom
-- A worker's heartbeat: it lives, has so many slots, and still holds these claims.
-- ARGV: 4 worker id, 5 slots, 6 facts (JSON), 7 lease in ms, 8.. id, fence, id, fence ...
-- Returns: the ids whose claim is lost; their runs must be killed
local now = now_ms()
redis.call('HSET', WORKERS, ARGV[4], now .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
local lost = {}
for i = 8, #ARGV - 1, 2 do
  if holds(ARGV[i], ARGV[i + 1]) then
    redis.call('ZADD', LEASES, now + tonumber(ARGV[7]), ARGV[i])
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
