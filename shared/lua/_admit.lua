-- May a submission come in, and what is stored of it. Put below _schedule.lua.

-- Why `count` submissions of `bytes` in all may not come in, or nil.
-- limits: most waiting, most bytes, and the same for a tenant without limits of its own
function line.refuses(tenant, class, allowed, bytes, count, limits)
  if standings.is_gone(tenant) then
    return 'gone'
  end
  local t = redis.call('HMGET', TENANT .. tenant, 'priorities', 'most_waiting',
    'most_waiting_bytes')
  local classes = allowed == '*' and allowed or t[1] or allowed
  if classes ~= '*' and not string.find(',' .. classes .. ',', ',' .. class .. ',', 1, true) then
    return 'priority'
  end
  local h = redis.call('HMGET', SHARE .. tenant, 'waiting', 'bytes')
  local own, own_bytes = number(t[2], 0), number(t[3], 0)
  own = own > 0 and own or tonumber(limits[3])
  own_bytes = own_bytes > 0 and own_bytes or tonumber(limits[4])
  if number(h[1], 0) + count > own then
    return 'tenant-full'
  end
  if number(h[2], 0) + bytes > own_bytes then
    return 'tenant-full-bytes'
  end
  if redis.call('ZCARD', READY) + redis.call('ZCARD', DELAYED) + count > tonumber(limits[1]) then
    return 'full'
  end
  if number(redis.call('HGET', LOAD, 'bytes'), 0) + bytes > tonumber(limits[2]) then
    return 'full-bytes'
  end
  return nil
end

-- Store a submission and let it wait. `of` has problem, language, spec, epoch, priority,
-- run_at and timeout in ms or '', and optionally `more`: fields and values.
function line.store(id, tenant, of)
  local sub, now, bytes = SUB .. id, now_ms(), #of.spec
  local order = redis.call('HINCRBY', LOAD, 'submitted', 1)
  redis.call('HSET', sub, 'tenant', tenant, 'problem', of.problem, 'language', of.language,
    'spec', of.spec, 'bytes', bytes, 'state', 'queued', 'attempts', 0, 'lost', 0,
    'fence', '', 'holder', '', 'epoch', of.epoch, 'seq', 0, 'order', order,
    'priority', of.priority, 'createdMs', now, unpack(of.more or {}))
  if of.run_at ~= '' then
    redis.call('HSET', sub, 'runAtMs', of.run_at)
  end
  if of.timeout ~= '' then
    -- What is held back does not wait in line yet.
    local from = math.max(now, number(of.run_at, 0))
    redis.call('HSET', sub, 'startByMs', from + tonumber(of.timeout))
  end
  redis.call('HINCRBY', LOAD, 'bytes', bytes)
  redis.call('HINCRBY', SHARE .. tenant, 'bytes', bytes)
  line.enter(id, now)
end
