-- What lets somebody in uses this.
-- A rate is the generic cell rate algorithm: one number, the time at which the bucket would
-- be empty again. Who is refused does not pay.

-- The ms to wait for one more request, or 0: then it is paid for. No rate, no limit; without a
-- burst, as many at once as in a minute.
local function ms_to_wait(key, per_minute, burst)
  if per_minute <= 0 then
    return 0
  end
  local every, now = 60000 / per_minute, now_ms()
  local empty = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local least = empty + every - (burst > 0 and burst or per_minute) * every
  if now < least then
    return math.ceil(least - now)
  end
  redis.call('SET', key, empty + every, 'PX', math.ceil(empty + every - now) + 1000)
  return 0
end
