#!lua flags=allow-oom
-- Hand the next submission to a worker: a lease, a fencing token, an attempt.
-- Which one is next is decided here and nowhere else: see _schedule.lua.
-- ARGV: 4 worker id, 5 lease in ms, 6 key that remembers this very call, 7 its life in ms,
--       8 TTL of what ends here in s, 9 channel of `problem_done`
-- A worker that drains is given nothing.
-- Returns: {id, fence, attempt, tenant, problem, language, spec, in line since (ms)} or nil
-- Safe to repeat with the same key: after a lost reply the same claim is handed out again,
-- rather than a second one while the first runs out. Unless it was cancelled meanwhile.
local function answer(id)
  local h = redis.call('HMGET', SUB .. id, 'tenant', 'problem', 'language', 'spec', 'createdMs',
    'fence', 'attempts', 'queuedMs')
  return { id, h[6], tonumber(h[7]), h[1], h[2], h[3], h[4], h[8] or h[5] }
end

local before = redis.call('GET', ARGV[6])
if before then
  local h = redis.call('HMGET', SUB .. before, 'holder', 'fence')
  if h[1] == ARGV[4] and holds(before, h[2]) then
    return answer(before)
  end
end
if redis.call('HEXISTS', DRAINING, ARGV[4]) == 1 then
  return nil
end
local now = now_ms()
line.move_due(now)
line.time_out(now, ARGV[8], ARGV[9])
local id = line.next(now)
local looked = 1
while id and line.is_too_late(id, now, ARGV[8], ARGV[9]) do
  id = looked < MOST_MOVED and line.next(now) or nil
  looked = looked + 1
end
if not id then
  line.call() -- there may be more behind those that have ended here
  return nil
end
local sub = SUB .. id
line.begin(id)
local h = redis.call('HMGET', sub, 'priority', 'createdMs', 'queuedMs')
count_wait(h[1], math.max(0, now - tonumber(h[3] or h[2])))
local fence = redis.call('INCR', FENCE)
local attempt = redis.call('HINCRBY', sub, 'attempts', 1)
redis.call('HSET', sub, 'state', 'preparing', 'fence', fence, 'holder', ARGV[4],
  'step', 0, 'claimedMs', now)
redis.call('ZADD', LEASES, now + tonumber(ARGV[5]), id)
emit(id, 'preparing', cjson.encode({ attempt = attempt }))
redis.call('SET', ARGV[6], id, 'PX', ARGV[7])
return answer(id)
