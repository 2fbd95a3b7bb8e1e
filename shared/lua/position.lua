#!lua flags=no-writes
-- How many would be claimed before this one, if nobody came and every run took as long as
-- its tenant's usually do. It follows _schedule.lua: the upper classes, then turns by virtual
-- time, then age. It leaves ageing out, so it is an estimate. It looks at no more than
-- MOST_TENANTS others; each further one counts as one turn.
-- ARGV: 4 id
-- Returns: the number, from 0; nil if it does not stand in line
local MOST_TENANTS = 100

local id = ARGV[4]
local h = redis.call('HMGET', SUB .. id, 'tenant', 'priority')
local tenant, class = h[1], h[2]
local ahead = tenant and redis.call('ZRANK', line_of(tenant, class), id)
if not ahead then
  return nil
end

-- What one run moves a tenant's virtual time on by, as `line.begin` charges it.
local function step_of(name)
  return number(redis.call('HGET', SHARE .. name, 'usualMs'), USUAL_MS) / weight_of(name)
end

local upper = redis.call('ZCOUNT', READY, '-inf',
  string.format('(%.0f', CLASS_RANK[class] * CLASS_STEP))
local turns = TURNS .. class
local had = redis.call('ZSCORE', turns, tenant) -- none: it is at its cap
  or redis.call('HGET', SHARE .. tenant, 'had:' .. class)
local turn = number(had, 0) + ahead * step_of(tenant)

local function begun_before(other, from)
  local steps = (turn - from) / step_of(other)
  local count = math.ceil(steps)
  if count == steps and other < tenant then
    count = count + 1 -- of two with the same virtual time the first by name is served
  end
  return math.min(count, redis.call('ZCARD', line_of(other, class)))
end

local before, looked_at = upper + ahead, 0
local most = string.format('%.17g', turn)
local others = redis.call('ZRANGEBYSCORE', turns, '-inf', most, 'WITHSCORES',
  'LIMIT', 0, MOST_TENANTS)
for at = 1, #others, 2 do
  if others[at] ~= tenant then
    looked_at = looked_at + 1
    before = before + begun_before(others[at], tonumber(others[at + 1]))
  end
end
local itself = redis.call('ZSCORE', turns, tenant) and 1 or 0
return before + redis.call('ZCOUNT', turns, '-inf', most) - looked_at - itself
