#!lua flags=allow-oom
-- Take webhooks and events that are due. Each is leased: who takes it settles it, and what is not
-- settled, because its process died, is due again when the lease is over.
-- ARGV: 4 how many at most, 5 lease in ms
-- Returns: for each one name, URL, tenant, attempts with this one, body or ''
local now, taken = now_ms(), {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', DELIVERIES, '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local key = DELIVERY .. name
  local h = redis.call('HMGET', key, 'url', 'tenant', 'body')
  if h[1] then
    redis.call('ZADD', DELIVERIES, now + tonumber(ARGV[5]), name)
    local attempts = redis.call('HINCRBY', key, 'attempts', 1)
    taken[#taken + 1] = { name, h[1], h[2], attempts, h[3] or '' }
  else
    redis.call('ZREM', DELIVERIES, name)
  end
end
return taken
