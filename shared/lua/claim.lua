#!lua flags=allow-oom
-- Hand the next submission to a worker: a lease, a fencing token, an attempt.
-- Which one is next is decided here and nowhere else: the oldest (fair shares and
-- priority classes belong at this line).
-- ARGV: 4 worker id, 5 lease in ms
-- Returns: {id, fence, attempt, tenant, problem, language, spec, createdMs} or nil
while true do
  local popped = redis.call('ZPOPMIN', READY)
  if #popped == 0 then
    return nil
  end
  local id = popped[1]
  local sub = SUB .. id
  if redis.call('HGET', sub, 'state') == 'queued' then
    local now = now_ms()
    local fence = redis.call('INCR', FENCE)
    local attempt = redis.call('HINCRBY', sub, 'attempts', 1)
    redis.call('HSET', sub, 'state', 'preparing', 'fence', fence, 'holder', ARGV[4],
      'step', 0, 'claimedMs', now)
    redis.call('ZADD', LEASES, now + tonumber(ARGV[5]), id)
    emit(id, 'preparing', cjson.encode({ attempt = attempt }))
    local h = redis.call('HMGET', sub, 'tenant', 'problem', 'language', 'spec', 'createdMs')
    return { id, tostring(fence), attempt, h[1], h[2], h[3], h[4], h[5] }
  end
end
