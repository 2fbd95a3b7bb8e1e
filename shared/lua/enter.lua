-- Whether an API key opens, and whether it may do one more request now.
-- ARGV: 4 hash of all keys, 5 id of the key, 6 digest of its secret, 7 where this key's
--       rate is kept
-- Returns: nil, or {what is stored of the key, ms to wait or 0, streams it may have open}
-- The rate is the generic cell rate algorithm: one number, the time at which the bucket
-- would be empty again. A key that is refused does not pay.
local stored = redis.call('HGET', ARGV[4], ARGV[5])
if not stored then
  return nil
end
local key = cjson.decode(stored)
if key.digest ~= ARGV[6] then
  return nil
end
local t = redis.call('HMGET', TENANT .. key.tenant, 'rate_per_minute', 'rate_burst', 'most_streams')
local rate, wait = tonumber(t[1] or '0'), 0
if rate > 0 then
  local burst = tonumber(t[2] or '0')
  local every, now = 60000 / rate, now_ms()
  local empty = math.max(tonumber(redis.call('GET', ARGV[7]) or '0'), now)
  local least = empty + every - (burst > 0 and burst or rate) * every
  if now < least then
    wait = math.ceil(least - now)
  else
    redis.call('SET', ARGV[7], empty + every, 'PX', math.ceil(empty + every - now) + 1000)
  end
end
return { stored, wait, tonumber(t[3] or '0') }
