#!lua flags=allow-oom
-- These versions need no archiving any more, so Redis may let them go at their time.
-- ARGV: 4 '1' if they were archived, 5.. id, tenant, rev, TTL from the end in s, and again
-- Returns: those that were forgotten while they were archived, to be removed again
-- Safe to repeat. A newer version stays to be archived.
local now, forgotten, count = now_ms(), {}, 0
for i = 5, #ARGV - 3, 4 do
  local id, sub = ARGV[i], SUB .. ARGV[i]
  local h = redis.call('HMGET', sub, 'rev', 'finishedMs', 'state')
  if not h[1] then
    redis.call('ZREM', TO_ARCHIVE, id)
    if is_unwanted(id, ARGV[i + 1], now) then
      forgotten[#forgotten + 1] = id
    end
  elseif h[1] == ARGV[i + 2] and (h[3] == 'finished' or h[3] == 'cancelled') then
    count = count + redis.call('ZREM', TO_ARCHIVE, id)
    local left = math.max(tonumber(h[2]) + tonumber(ARGV[i + 3]) * 1000 - now, 60000)
    redis.call('PEXPIRE', sub, left)
    redis.call('PEXPIRE', EV .. id, left)
  end
end
if ARGV[4] == '1' and count > 0 then
  redis.call('HINCRBY', ARCHIVE, 'archived', count)
end
return forgotten
