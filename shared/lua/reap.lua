#!lua flags=allow-oom
-- Once a second, by any worker: take back what dead workers held, let in line what has
-- come due, end what waited too long, give those their turn whose cap was raised, finish what
-- a lost host began, forget silent workers, and ring for idle slots, so that a lost ring costs
-- a second at most.
-- ARGV: 4 attempts that may be lost before it is our error, 5 TTL in s,
--       6 channel of `problem_done`, 7 silence in ms after which a worker is forgotten
-- Returns: how many submissions were taken back
local now, taken = now_ms(), 0
local expired = redis.call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, 100)
for _, id in ipairs(expired) do
  local sub = SUB .. id
  local state = redis.call('HGET', sub, 'state')
  if state == 'preparing' or state == 'running' then
    taken = taken + 1
    local lost = redis.call('HINCRBY', sub, 'lost', 1)
    if lost >= tonumber(ARGV[4]) then
      local message = 'the worker was lost ' .. lost .. ' times while running this'
      local end_event = cjson.encode({ status = 'finished', verdict = 'judge-error',
        message = message })
      emit(id, 'finished', end_event)
      close(id, 'finished', 'judge-error', end_event, ARGV[5])
      redis.call('HSET', sub, 'fence', '') -- its last holder shall not think it was his verdict
      announce(ARGV[6], id, 'finished', 'judge-error')
    else
      back_in_line(id, 'worker-lost')
    end
  else
    redis.call('ZREM', LEASES, id)
  end
end

if taken > 0 then
  count('leases-lost', taken)
end

line.move_due(now)
line.time_out(now, ARGV[5], ARGV[6])
line.mind_caps()
line.finish_forsaken(now, ARGV[5], ARGV[6])

local slots = 0
local workers = redis.call('HGETALL', WORKERS)
for i = 1, #workers, 2 do
  local seen, count = string.match(workers[i + 1], '^(%d+) (%d+)')
  if now - tonumber(seen) > tonumber(ARGV[7]) then
    redis.call('HDEL', WORKERS, workers[i])
    redis.call('HDEL', DRAINING, workers[i])
    redis.call('HDEL', COUNTED, workers[i])
  else
    slots = slots + tonumber(count)
  end
end
if slots > 0 then
  redis.call('HSET', LOAD, 'slots', slots) -- as many rings are of use
end
local idle = slots - redis.call('ZCARD', LEASES)
local unrung = redis.call('ZCARD', READY) - redis.call('LLEN', QUEUE)
if idle > 0 and unrung > 0 and line.claimable() then
  ring(math.min(idle, unrung))
end
return taken
