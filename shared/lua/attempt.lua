-- May one more attempt be made? It is counted before it is made, so that many at the same
-- time are not more than allowed; one that was right is given back where it was counted.
-- ARGV: 4 'look': may it? 'try': it is made, if it may; and of one that was right, or of who came
--       in without a password, for which browser it was counted: 'known', 'strange' or 'none',
--       5 sorted set of the browsers that are known to the account, by when they were last used,
--       6 its tenant; '': nobody has the name, 7 digest of this browser,
--       8 how long one stays known in ms, 9 most of them,
--       10.. key of a counter, most attempts, length of its window in ms, and again: the first
--       is for a browser that is known, and the others are for all that are not
-- Returns: ms to wait, or 0, and whether the browser is known; nothing was counted if one waits
local WHAT, DEVICES, DEVICE, FIRST = ARGV[4], ARGV[5], ARGV[7], 10
local now, kept_ms = now_ms(), tonumber(ARGV[8])

local function counters(known)
  if known then
    return FIRST, FIRST
  end
  return FIRST + 3, #ARGV - 2
end

local function give_back(known)
  local first, last = counters(known)
  for i = first, last, 3 do
    if tonumber(redis.call('GET', ARGV[i]) or '0') > 0 then
      redis.call('DECR', ARGV[i])
    end
  end
end

if WHAT ~= 'look' and WHAT ~= 'try' then
  if WHAT ~= 'none' then
    give_back(WHAT == 'known')
  end
  if redis.call('HEXISTS', MEMBERS, ARGV[6]) == 1 then  -- it was not deleted meanwhile
    redis.call('ZADD', DEVICES, now, DEVICE)
    redis.call('ZREMRANGEBYSCORE', DEVICES, '-inf', now - kept_ms)
    redis.call('ZREMRANGEBYRANK', DEVICES, 0, -tonumber(ARGV[9]) - 1)
    redis.call('PEXPIRE', DEVICES, ARGV[8])
  end
  return { 0, 1 }
end

local known = tonumber(redis.call('ZSCORE', DEVICES, DEVICE) or '0') > now - kept_ms
local first, last = counters(known)
local wait = 0
for i = first, last, 3 do
  if tonumber(redis.call('GET', ARGV[i]) or '0') >= tonumber(ARGV[i + 1]) then
    wait = math.max(wait, redis.call('PTTL', ARGV[i]))
  end
end
if wait == 0 and WHAT == 'try' then
  for i = first, last, 3 do
    if redis.call('INCR', ARGV[i]) == 1 then
      redis.call('PEXPIRE', ARGV[i], ARGV[i + 2])
    end
  end
end
return { wait, known and 1 or 0 }
