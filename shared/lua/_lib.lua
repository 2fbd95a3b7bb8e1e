-- What a script uses of the files that begin with _ is put above it by shared/lua_text.py, which
-- also knows KEYS.
--
-- KEYS, the same for all: 1 ready, 2 leases, 3 load, 4 fence, 5 workers,
--                         6 Dramatiq's queue, 7 its messages, 8 its wake list,
--                         9 and more: see _schedule.lua; the last ten: workers that
--                         drain, judge errors, counts, reports counted, webhooks
--                         that are due, and prefixes: of each one, of a worker's control
--                         channel, of what was sent to a submission, of a batch's hash,
--                         of the hash of a tenant's stream
-- ARGV, the same for all: 1 prefix of a submission's hash, 2 prefix of its stream,
--                         3 a Dramatiq message with @ID@ where its id belongs
-- What a script takes itself starts at ARGV[4].
--
-- Scripts touch keys they build from an id, so they need one primary, not a cluster.

local READY, LEASES, LOAD, FENCE, WORKERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local QUEUE, MESSAGES, WAKE, SHARE = KEYS[6], KEYS[7], KEYS[8], KEYS[14]
local DELIVERIES, DELIVERY = KEYS[#KEYS - 5], KEYS[#KEYS - 4]
local CONTROL, INPUT = KEYS[#KEYS - 3], KEYS[#KEYS - 2]
local BATCH, TENANT_STREAM = KEYS[#KEYS - 1], KEYS[#KEYS]
local DRAINING, JUDGE_ERRORS = KEYS[#KEYS - 9], KEYS[#KEYS - 8]
local COUNTS, COUNTED = KEYS[#KEYS - 7], KEYS[#KEYS - 6]
local SUB, EV, RING = ARGV[1], ARGV[2], ARGV[3]

-- A ring only wakes a slot, and a slot that is awake goes on while anything is claimable.
-- So more rings than there are slots say nothing; this many while no sweep has counted them.
local RING_CAP = 256

-- Who waits and whose turn it is: filled by _schedule.lua.
local line = {}
-- Histories, and who has solved what: filled by _standings.lua.
local standings = {}

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- One more of what is counted of the whole service, see shared/counts.py. It changes in the
-- same call as what it counts, so it is as exact.
local function count(field, by)
  redis.call('HINCRBY', COUNTS, field, by or 1)
end

-- The bounds of time in queue in ms, as in shared/counts.py.
local WAIT_BOUNDS = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000,
  1800000 }

local function count_wait(class, waited_ms)
  local bound = 'inf'
  for _, each in ipairs(WAIT_BOUNDS) do
    if waited_ms <= each then
      bound = each
      break
    end
  end
  count('wait,' .. class .. ',le:' .. bound)
  count('wait,' .. class .. ',sum', waited_ms)
end

-- So many submissions that ended as our error are kept for the operator to look at.
local MOST_JUDGE_ERRORS = 100

local function note_judge_error(id)
  local h = redis.call('HMGET', SUB .. id, 'tenant', 'problem', 'language', 'holder')
  redis.call('LPUSH', JUDGE_ERRORS, cjson.encode({ submissionId = id, tenant = h[1],
    problemId = h[2] ~= '' and h[2] or cjson.null, language = h[3], worker = h[4] or '',
    atMs = now_ms() }))
  redis.call('LTRIM', JUDGE_ERRORS, 0, MOST_JUDGE_ERRORS - 1)
end

-- A tenant's stream has no end, so it keeps its newest events only, about so many.
local TENANT_EVENTS = 1000
-- What a tenant's stream tells of each submission; output and tests are in its own stream.
local STATE_CHANGES = { queued = true, preparing = true, running = true, finished = true,
  cancelled = true }

-- One event of any stream: its number, its place in the stream and its bell cannot
-- disagree. `meta` is the hash that has the stream's epoch and seq, `name` is the stream's.
-- Returns: its number
local function emit_to(meta, name, kind, data, most)
  local seq, stream = redis.call('HINCRBY', meta, 'seq', 1), EV .. name
  if most then
    redis.call('XADD', stream, 'MAXLEN', '~', most, seq .. '-0', 't', kind, 'd', data)
  else
    redis.call('XADD', stream, seq .. '-0', 't', kind, 'd', data)
  end
  redis.call('PUBLISH', stream, seq .. ':' .. kind .. ':' .. data)
  return seq
end

-- An event of a batch's own stream. Its hash must have an epoch.
local function emit_batch(batch, kind, data)
  emit_to(BATCH .. batch, batch, kind, data)
end

-- An event of a tenant's stream, which begins with its first event or its first reader.
local function emit_tenant(tenant, kind, data)
  local meta = TENANT_STREAM .. tenant
  if emit_to(meta, 'tenant:' .. tenant, kind, data, TENANT_EVENTS) == 1 then
    local t = redis.call('TIME')
    redis.call('HSETNX', meta, 'epoch', string.format('%x%05x', t[1], t[2]))
  end
end

-- `data` as it is, with what says whose it is put first. It is spliced, not decoded:
-- cjson would turn an empty list into an object.
local function with_origin(id, h, data)
  local whose = { submissionId = id, language = h[2],
    problemId = h[1] ~= '' and h[1] or cjson.null }
  if h[4] then
    whose.index = tonumber(h[5])
    whose.clientId = h[6] ~= '' and h[6] or cjson.null
  end
  local origin = cjson.encode(whose)
  return data == '{}' and origin or string.sub(origin, 1, -2) .. ',' .. string.sub(data, 2)
end

-- One event of a submission's stream. A change of its state is told to its tenant's
-- stream, too; of an item of a batch only the end, as `item`, to its batch's stream.
local function emit(id, kind, data)
  emit_to(SUB .. id, id, kind, data)
  if not STATE_CHANGES[kind] then
    return
  end
  local h = redis.call('HMGET', SUB .. id, 'problem', 'language', 'tenant', 'batch', 'index',
    'clientId')
  if not h[4] then
    emit_tenant(h[3], kind, with_origin(id, h, data))
  elseif kind == 'finished' or kind == 'cancelled' then
    emit_batch(h[4], 'item', with_origin(id, h, data))
  end
end

-- Events that come in as kind, data, kind, data ... from ARGV[first] on.
local function emit_all(id, first)
  for i = first, #ARGV - 1, 2 do
    emit(id, ARGV[i], ARGV[i + 1])
  end
end

local function ring(count)
  local waiting = redis.call('LLEN', QUEUE)
  local most = math.min(RING_CAP, tonumber(redis.call('HGET', LOAD, 'slots') or RING_CAP))
  for _ = 1, math.min(count, most - waiting) do
    local id = 'r' .. redis.call('HINCRBY', LOAD, 'rings', 1)
    redis.call('HSET', MESSAGES, id, (string.gsub(RING, '@ID@', id)))
    redis.call('RPUSH', QUEUE, id)
    redis.call('RPUSH', WAKE, 1)
  end
  redis.call('LTRIM', WAKE, -most, -1)
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
  elseif state == 'finished' or state == 'cancelled' then
    redis.call('HDEL', SUB .. id, 'batch') -- which has counted its end already
  end
  redis.call('HSET', SUB .. id, 'state', 'queued', 'holder', '', 'fence', '', 'queuedMs', now)
  redis.call('ZREM', LEASES, id)
  line.enter(id, now)
  emit(id, 'queued', cjson.encode({ reason = reason }))
end

-- Put a webhook in line for what has ended, if it has one. `meta` is its hash.
local function call_back(name, meta)
  local h = redis.call('HMGET', meta, 'callback', 'tenant')
  if h[1] and h[1] ~= '' then
    redis.call('HSET', DELIVERY .. name, 'url', h[1], 'tenant', h[2], 'attempts', 0)
    redis.call('ZADD', DELIVERIES, now_ms(), name)
  end
end
-- What was to be run is kept up to this size, to be shown and to be judged again.
local KEPT_SPEC_BYTES = 65536

-- The end of a submission, whoever brings it about. Nothing has a TTL before this. What
-- it was to run is dropped where it is large: megabytes, kept as long as the result.
local function close(id, state, verdict, result, ttl_s)
  local sub, now = SUB .. id, now_ms()
  if redis.call('HGET', sub, 'state') == 'queued' then
    line.leave(id)
  else
    line.vacate(id, now)
  end
  redis.call('HSET', sub, 'state', state, 'verdict', verdict, 'result', result,
    'finishedMs', now)
  if state == 'cancelled' or redis.call('HSTRLEN', sub, 'spec') > KEPT_SPEC_BYTES then
    redis.call('HDEL', sub, 'spec')
  end
  redis.call('ZREM', LEASES, id)
  local h = redis.call('HMGET', sub, 'bytes', 'tenant', 'language')
  redis.call('HINCRBY', LOAD, 'bytes', -tonumber(h[1]))
  redis.call('HINCRBY', SHARE .. h[2], 'bytes', -tonumber(h[1]))
  redis.call('HINCRBY', LOAD, state, 1)
  standings.settle(id)
  if state == 'finished' then
    count('verdicts,' .. h[3] .. ',' .. verdict)
    if verdict == 'judge-error' then
      note_judge_error(id)
    end
  end
  line.let_go(id, ttl_s)
  line.item_ended(id, state, verdict, ttl_s)
  redis.call('DEL', INPUT .. id)
  call_back('submission:' .. id, sub)
  local holder = state == 'cancelled' and redis.call('HGET', sub, 'holder') or ''
  if holder ~= '' then
    redis.call('PUBLISH', CONTROL .. holder, 'cancel:' .. id)
  end
end

-- Put what was announced in line for the outlet, if there is one, see functions/notify/outlet.py.
-- A submission that is judged again ends once more, with another epoch.
local function tell_outlet(id, message)
  local to = redis.call('HMGET', DELIVERY .. 'events', 'url', 'tenant')
  if to[1] then
    local name = 'event:' .. id .. '-' .. redis.call('HGET', SUB .. id, 'epoch')
    redis.call('HSET', DELIVERY .. name, 'url', to[1], 'tenant', to[2], 'attempts', 0,
      'body', message)
    redis.call('ZADD', DELIVERIES, now_ms(), name)
  end
end

local function announce(channel, id, status, verdict)
  local h = redis.call('HMGET', SUB .. id, 'problem', 'language', 'tenant', 'attempts', 'batch')
  local message = cjson.encode({
    batchId = h[5] or nil,
    problemId = h[1] ~= '' and h[1] or cjson.null,
    submissionId = id,
    status = status,
    verdict = verdict,
    language = h[2],
    tenant = h[3],
    attempts = tonumber(h[4]),
  })
  redis.call('PUBLISH', channel, message)
  tell_outlet(id, message)
end

-- Cancel what has not ended.
local function cancel(id, ttl_s, channel)
  emit(id, 'cancelled', cjson.encode({ status = 'cancelled' }))
  close(id, 'cancelled', '', '{}', ttl_s)
  announce(channel, id, 'cancelled', cjson.null)
end
