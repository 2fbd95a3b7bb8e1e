-- The line: who waits, whose turn it is, and what each tenant has had. Put below _lib.lua.
--
-- KEYS: 9 delayed, 10 deadlines, 11 classes, and prefixes: 12 line, 13 turns, 14 share,
--       15 tenant, and 19 capped: tenants that were found at their cap
--
-- Three questions at each claim, none of which looks at more than the first of a set:
-- 1. Which class? The first that has work, unless a lower one has been passed over for
--    AGEING_MS: then that one, once. So nothing starves, and what was just served does not
--    count as passed over, however long its run took.
-- 2. Which tenant of the class? The one with the least virtual time: slot time had, divided
--    by weight. It is charged with what its runs usually take when one begins, and that is
--    corrected when it ends. Who enters a class is raised to where its clock stands: idling
--    saves nothing up. A tenant at its cap has no turn until one of its slots is free.
-- 3. Which of its submissions? The oldest.
local DELAYED, DEADLINES, CLASSES = KEYS[9], KEYS[10], KEYS[11]
local LINE, TURNS, TENANT = KEYS[12], KEYS[13], KEYS[15]
local CAPPED = KEYS[19]

local CLASS_NAMES = { 'contest', 'interactive', 'default', 'bulk' }
local AGEING_MS = 10000
-- What a tenant's runs are thought to take before one has ended, and how much of that
-- opinion each end changes.
local USUAL_MS, USUAL_STEP = 1000, 0.2
-- `ready` holds all classes, one after the other: orders stay below this step.
local CLASS_STEP = 1e13
local CLASS_RANK = {}
for rank, class in ipairs(CLASS_NAMES) do
  CLASS_RANK[class] = rank
end
-- A sweep or a claim moves so many at most; the next one goes on.
local MOST_MOVED = 100
local SHARE_TTL_S = 86400

local function number(text, default)
  return tonumber(text or '') or default
end

local function line_of(tenant, class)
  return LINE .. class .. ':' .. tenant
end

local function weight_of(tenant)
  return math.max(number(redis.call('HGET', TENANT .. tenant, 'weight'), 1), 0.001)
end

local function is_at_cap(tenant)
  local cap = number(redis.call('HGET', TENANT .. tenant, 'most_running'), 0)
  return cap > 0 and number(redis.call('HGET', SHARE .. tenant, 'running'), 0) >= cap
end

-- The same, where it costs the tenant its turn: the sweep sees whether the cap is raised.
local function stopped_by_cap(tenant)
  local stopped = is_at_cap(tenant)
  if stopped then
    redis.call('SADD', CAPPED, tenant)
  end
  return stopped
end

-- Give a tenant its turn in a class where it has work, if it may begin any.
local function take_turn(tenant, class)
  local turns = TURNS .. class
  if redis.call('EXISTS', line_of(tenant, class)) == 0 or redis.call('ZSCORE', turns, tenant)
    or stopped_by_cap(tenant) then
    return
  end
  if redis.call('EXISTS', turns) == 0 then
    redis.call('HDEL', CLASSES, class .. ':passed')
  end
  local clock = number(redis.call('HGET', CLASSES, class .. ':clock'), 0)
  local share = SHARE .. tenant
  local had = math.max(number(redis.call('HGET', share, 'had:' .. class), 0), clock)
  redis.call('HSET', share, 'had:' .. class, had)
  redis.call('ZADD', turns, had, tenant)
end

local function take_turns(tenant)
  if redis.call('EXISTS', line_of(tenant, 'contest'), line_of(tenant, 'interactive'),
    line_of(tenant, 'default'), line_of(tenant, 'bulk')) == 0 then
    return
  end
  for _, class in ipairs(CLASS_NAMES) do
    take_turn(tenant, class)
  end
end

-- Charge a tenant's virtual time, or give some back.
local function charge(tenant, class, amount)
  local had = redis.call('HINCRBYFLOAT', SHARE .. tenant, 'had:' .. class, amount)
  redis.call('ZADD', TURNS .. class, 'XX', had, tenant)
end

local function count_waiting(tenant, change)
  local share = SHARE .. tenant
  local waiting = redis.call('HINCRBY', share, 'waiting', change)
  if waiting == 1 and change == 1 then
    redis.call('PERSIST', share)
  end
end

local function idle_check(tenant)
  local h = redis.call('HMGET', SHARE .. tenant, 'waiting', 'running')
  if number(h[1], 0) <= 0 and number(h[2], 0) <= 0 then
    redis.call('EXPIRE', SHARE .. tenant, SHARE_TTL_S)
  end
end

local function stand(id, tenant, class, order)
  redis.call('ZADD', READY, CLASS_RANK[class] * CLASS_STEP + order, id)
  redis.call('ZADD', line_of(tenant, class), order, id)
  take_turn(tenant, class)
end

-- A submission starts to wait: in line, or until its time has come.
function line.enter(id, now)
  local h = redis.call('HMGET', SUB .. id, 'tenant', 'priority', 'order', 'runAtMs', 'startByMs',
    'batch')
  count_waiting(h[1], 1)
  line.count(h[6], 'queued', 1)
  if number(h[4], 0) > now then
    redis.call('ZADD', DELAYED, h[4], id)
  else
    stand(id, h[1], h[2], tonumber(h[3]))
  end
  if h[5] then
    redis.call('ZADD', DEADLINES, h[5], id)
  end
end

-- It waits no more, whatever comes now.
function line.leave(id)
  local h = redis.call('HMGET', SUB .. id, 'tenant', 'priority', 'batch')
  local tenant, class = h[1], h[2]
  redis.call('ZREM', READY, id)
  redis.call('ZREM', DELAYED, id)
  redis.call('ZREM', DEADLINES, id)
  if redis.call('ZREM', line_of(tenant, class), id) == 1
    and redis.call('EXISTS', line_of(tenant, class)) == 0 then
    redis.call('ZREM', TURNS .. class, tenant)
  end
  count_waiting(tenant, -1)
  line.count(h[3], 'queued', -1)
  idle_check(tenant)
end

-- It leaves the line for a slot.
function line.begin(id)
  local h = redis.call('HMGET', SUB .. id, 'tenant', 'priority', 'batch')
  local tenant, class = h[1], h[2]
  local share = SHARE .. tenant
  redis.call('HINCRBY', share, 'running', 1)
  line.count(h[3], 'running', 1)
  line.leave(id)
  local s = redis.call('HMGET', share, 'had:' .. class, 'usualMs')
  local clock = number(redis.call('HGET', CLASSES, class .. ':clock'), 0)
  redis.call('HSET', CLASSES, class .. ':clock', math.max(clock, number(s[1], 0)))
  local estimate = number(s[2], USUAL_MS) / weight_of(tenant)
  redis.call('HSET', SUB .. id, 'charge', estimate)
  -- Once it is in a slot it was begun in time, whatever becomes of the slot.
  redis.call('HDEL', SUB .. id, 'startByMs')
  charge(tenant, class, estimate)
  if stopped_by_cap(tenant) then
    for _, each in ipairs(CLASS_NAMES) do
      redis.call('ZREM', TURNS .. each, tenant)
    end
  end
end

-- Its slot is free again: the charge becomes what it was, and its tenant may have a turn.
function line.vacate(id, now)
  local h = redis.call('HMGET', SUB .. id, 'tenant', 'priority', 'claimedMs', 'charge',
    'batch')
  local tenant, class = h[1], h[2]
  local spent = math.max(0, now - tonumber(h[3]))
  local usual = number(redis.call('HGET', SHARE .. tenant, 'usualMs'), spent)
  redis.call('HSET', SHARE .. tenant, 'usualMs', usual + (spent - usual) * USUAL_STEP)
  redis.call('HINCRBY', SHARE .. tenant, 'running', -1)
  line.count(h[5], 'running', -1)
  charge(tenant, class, spent / weight_of(tenant) - number(h[4], 0))
  take_turns(tenant)
  idle_check(tenant)
end

-- Those whose time has come stand in line from now on, behind all that stand there.
function line.move_due(now)
  local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, MOST_MOVED)
  for _, id in ipairs(due) do
    redis.call('ZREM', DELAYED, id)
    local h = redis.call('HMGET', SUB .. id, 'tenant', 'priority')
    local order = redis.call('HGET', LOAD, 'submitted')
    redis.call('HSET', SUB .. id, 'order', order, 'queuedMs', now)
    redis.call('HDEL', SUB .. id, 'runAtMs') -- it is not held back again if it comes back
    stand(id, h[1], h[2], tonumber(order))
  end
end

-- A cap that was raised, or taken away, holds from this sweep on.
function line.mind_caps()
  for _, tenant in ipairs(redis.call('SMEMBERS', CAPPED)) do
    if not is_at_cap(tenant) then
      redis.call('SREM', CAPPED, tenant)
      take_turns(tenant)
    end
  end
end

-- It was not begun in the time that its caller allowed.
function line.expire(id, ttl_s, channel)
  local told = cjson.encode({ status = 'finished', verdict = 'queue-timeout',
    message = 'it was not begun within its queueTimeoutMs' })
  emit(id, 'finished', told)
  close(id, 'finished', 'queue-timeout', told, ttl_s)
  announce(channel, id, 'finished', 'queue-timeout')
end

-- End all that is too late.
function line.time_out(now, ttl_s, channel)
  local late = redis.call('ZRANGEBYSCORE', DEADLINES, '-inf', now, 'LIMIT', 0, MOST_MOVED)
  for _, id in ipairs(late) do
    redis.call('ZREM', DEADLINES, id)
    if redis.call('HGET', SUB .. id, 'state') == 'queued' then
      line.expire(id, ttl_s, channel)
    end
  end
end

local function first_of(class)
  local turns = TURNS .. class
  while true do
    local tenant = redis.call('ZRANGE', turns, 0, 0)[1]
    if not tenant then
      return nil
    end
    local id = redis.call('ZRANGE', line_of(tenant, class), 0, 0)[1]
    if id and not stopped_by_cap(tenant) then
      return id
    end
    redis.call('ZREM', turns, tenant) -- its cap was lowered meanwhile
  end
end

-- The submission that is next, or nil.
function line.next(now)
  local heads, order = {}, {}
  for _, class in ipairs(CLASS_NAMES) do
    heads[class] = first_of(class)
    if heads[class] then
      order[#order + 1] = class
    end
  end
  local chosen, longest = order[1], AGEING_MS
  for i = 2, #order do
    local passed = redis.call('HGET', CLASSES, order[i] .. ':passed')
    if passed and now - tonumber(passed) >= longest then
      chosen, longest = order[i], now - tonumber(passed)
    end
  end
  if not chosen then
    return nil
  end
  redis.call('HDEL', CLASSES, chosen .. ':passed')
  for i = 2, #order do
    if order[i] ~= chosen then
      redis.call('HSETNX', CLASSES, order[i] .. ':passed', now)
    end
  end
  return heads[chosen]
end

-- Is there anything that a free slot could begin?
function line.claimable()
  return redis.call('EXISTS', TURNS .. 'contest', TURNS .. 'interactive', TURNS .. 'default',
    TURNS .. 'bulk') > 0
end

-- A slot is free or something new may begin: wake a worker, unless enough are woken.
function line.call()
  if line.claimable() and redis.call('LLEN', QUEUE) < redis.call('ZCARD', READY) then
    ring(1)
  end
end
