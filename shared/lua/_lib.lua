-- Put before every other script of this folder by shared/scripts.py.
--
-- KEYS, the same for all: 1 ready, 2 leases, 3 load, 4 fence, 5 workers,
--                         6 Dramatiq's queue, 7 its messages, 8 its wake list,
--                         9 and more: see _schedule.lua
-- ARGV, the same for all: 1 prefix of a submission's hash, 2 prefix of its stream,
--                         3 a Dramatiq message with @ID@ where its id belongs
-- What a script takes itself starts at ARGV[4].
--
-- Scripts touch keys they build from an id, so they need one primary, not a cluster.

local READY, LEASES, LOAD, FENCE, WORKERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local QUEUE, MESSAGES, WAKE, SHARE = KEYS[6], KEYS[7], KEYS[8], KEYS[14]
local SUB, EV, RING = ARGV[1], ARGV[2], ARGV[3]

-- A ring only wakes a worker, and every finish rings again while work waits, so a
-- full bell need not grow: 256 is more than one machine has slots.
local RING_CAP = 256

-- Who waits and whose turn it is: filled by _schedule.lua.
local line = {}

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- One event: its number, its place in the stream and its bell cannot disagree.
local function emit(id, kind, data)
  local seq = redis.call('HINCRBY', SUB .. id, 'seq', 1)
  redis.call('XADD', EV .. id, seq .. '-0', 't', kind, 'd', data)
  redis.call('PUBLISH', EV .. id, seq .. ':' .. kind .. ':' .. data)
end

-- Events that come in as kind, data, kind, data ... from ARGV[first] on.
local function emit_all(id, first)
  for i = first, #ARGV - 1, 2 do
    emit(id, ARGV[i], ARGV[i + 1])
  end
end

local function ring(count)
  local waiting = redis.call('LLEN', QUEUE)
  for _ = 1, math.min(count, RING_CAP - waiting) do
    local id = 'r' .. redis.call('HINCRBY', LOAD, 'rings', 1)
    redis.call('HSET', MESSAGES, id, (string.gsub(RING, '@ID@', id)))
    redis.call('RPUSH', QUEUE, id)
    redis.call('RPUSH', WAKE, 1)
  end
  redis.call('LTRIM', WAKE, -RING_CAP, -1)
end

-- The claim holds while nobody else has claimed, finished or cancelled.
local function holds(id, fence)
  local h = redis.call('HMGET', SUB .. id, 'fence', 'state')
  return h[1] == fence and (h[2] == 'preparing' or h[2] == 'running')
end

local function back_in_line(id, reason)
  local now, state = now_ms(), redis.call('HGET', SUB .. id, 'state')
  if state == 'preparing' or state == 'running' then
    line.vacate(id, now)
  end
  redis.call('HSET', SUB .. id, 'state', 'queued', 'holder', '', 'fence', '')
  redis.call('ZREM', LEASES, id)
  line.enter(id, now)
  emit(id, 'queued', cjson.encode({ reason = reason }))
end

-- The end of a submission, whoever brings it about. Nothing has a TTL before this. What
-- it was to run is dropped: megabytes that nobody reads again, kept as long as the result.
local function close(id, state, verdict, result, ttl_s)
  local sub, now = SUB .. id, now_ms()
  if redis.call('HGET', sub, 'state') == 'queued' then
    line.leave(id)
  else
    line.vacate(id, now)
  end
  redis.call('HSET', sub, 'state', state, 'verdict', verdict, 'result', result,
    'finishedMs', now)
  redis.call('HDEL', sub, 'spec')
  redis.call('ZREM', LEASES, id)
  local h = redis.call('HMGET', sub, 'bytes', 'tenant')
  redis.call('HINCRBY', LOAD, 'bytes', -tonumber(h[1]))
  redis.call('HINCRBY', SHARE .. h[2], 'bytes', -tonumber(h[1]))
  redis.call('HINCRBY', LOAD, state, 1)
  redis.call('EXPIRE', sub, ttl_s)
  redis.call('EXPIRE', EV .. id, ttl_s)
end

local function announce(channel, id, status, verdict)
  local h = redis.call('HMGET', SUB .. id, 'problem', 'language', 'tenant', 'attempts')
  redis.call('PUBLISH', channel, cjson.encode({
    problemId = h[1] ~= '' and h[1] or cjson.null,
    submissionId = id,
    status = status,
    verdict = verdict,
    language = h[2],
    tenant = h[3],
    attempts = tonumber(h[4]),
  }))
end
