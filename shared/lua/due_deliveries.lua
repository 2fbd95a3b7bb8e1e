#!lua flags=allow-oom
-- Take webhooks and events that are due. Each is leased: who takes it settles it, and what is not
-- settled, because its process died, is due again when the lease is over. What is in a lane that
-- has enough under way is due again in a second, so that it does not stand before the others.
-- ARGV: 4 how many at most, 5 lease in ms, 6 how many of one lane, 7.. lane, how many of it the
--       caller has under way, ...
-- Returns: for each one name, URL, tenant, attempts with this one, body or ''
local LOOKED_AT, LATER_MS = 8, 1000
local now, taken, lanes = now_ms(), {}, {}
for i = 7, #ARGV, 2 do
  lanes[ARGV[i]] = tonumber(ARGV[i + 1])
end
local most = tonumber(ARGV[4])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', DELIVERIES, '-inf', now,
  'LIMIT', 0, most * LOOKED_AT)) do
  if #taken == most then
    break
  end
  local key = DELIVERY .. name
  local h = redis.call('HMGET', key, 'url', 'tenant', 'body')
  if h[1] then
    local lane = string.sub(name, 1, 6) == 'event:' and 'event' or 'tenant:' .. h[2]
    local under_way = lanes[lane] or 0
    if under_way < tonumber(ARGV[6]) then
      lanes[lane] = under_way + 1
      redis.call('ZADD', DELIVERIES, now + tonumber(ARGV[5]), name)
      local attempts = redis.call('HINCRBY', key, 'attempts', 1)
      taken[#taken + 1] = { name, h[1], h[2], attempts, h[3] or '' }
    else
      redis.call('ZADD', DELIVERIES, now + LATER_MS, name)
    end
  else
    redis.call('ZREM', DELIVERIES, name)
  end
end
return taken
