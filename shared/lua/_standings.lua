-- Who has sent in what, and who has solved what. Put below _batch.lua.
--
-- KEYS: 20 members (tenants that are accounts, and their names), prefixes 21 history,
--       22 accepted, 23 board, 24 solved, and 25 solvers, 26 tried, 27 passed: counters;
--       30 installed problems, 31 prefix of withdrawn, 32 problems whose board is gone through
--
-- Theory of operation. What a submission counts for is kept in its own hash as `counted`:
-- '' for nothing, 'tried', or its run if it was accepted. Each end computes that anew and
-- applies the difference, so that a repeated call changes nothing, a verdict that is judged
-- again is corrected, and while it is judged again the old one stands. A run is a string
-- that sorts as runs are ranked: CPU time, memory, when it was sent in. Of each account and
-- problem the best MOST_RUNS are kept, so that there is a next one when the best is taken
-- back. Only accounts and the local tenant take part, with submissions by themselves that an
-- installed package has judged: no items of batches, no runs of one's own.
--
-- A problem that is not installed counts for nobody: who has solved it has it among the
-- `withdrawn` ones, and among the solved ones again if it is installed again. Whenever a problem
-- is installed or deleted (list_problem.lua), its board is gone through, in steps
-- (restand.lua); what changes meanwhile is put in its right place by itself.
local MEMBERS, HISTORY, ACCEPTED, BOARD = KEYS[20], KEYS[21], KEYS[22], KEYS[23]
local SOLVED, SOLVERS, TRIED, PASSED = KEYS[24], KEYS[25], KEYS[26], KEYS[27]
local PROBLEMS, WITHDRAWN, RESTANDING = KEYS[30], KEYS[31], KEYS[32]

local MOST_HISTORY = 1000
local MOST_RUNS = 100
-- Sorts behind everything that was measured.
local UNKNOWN_US, UNKNOWN_BYTES = 999999999999, 999999999999999
-- Ends that say nothing of the program.
local NO_VERDICT = { ['judge-error'] = true, ['queue-timeout'] = true }

local function takes_part(tenant)
  return tenant == 'local' or redis.call('HEXISTS', MEMBERS, tenant) == 1
end

-- The tenant of an account (shared/accounts.py makes them) that was deleted: nothing of it comes
-- in any more.
function standings.is_gone(tenant)
  return #tenant == 25 and string.match(tenant, '^user%-%x+$') ~= nil
    and redis.call('HEXISTS', MEMBERS, tenant) == 0
end

-- A submission comes into its tenant's history: its order, and whether a package judges it.
function standings.remember(id, tenant, problem, judged)
  local key = HISTORY .. tenant
  local order = redis.call('HGET', SUB .. id, 'order')
  redis.call('ZADD', key, order, id .. (judged and '+' or '-') .. problem)
  redis.call('ZREMRANGEBYRANK', key, 0, -MOST_HISTORY - 1)
end

-- It is forgotten, and in its tenant's history no more.
function standings.omit(id, tenant, problem)
  redis.call('ZREM', HISTORY .. tenant, id .. '+' .. problem, id .. '-' .. problem)
end

-- Keep what lists show of a run: `told` is its terminal event, which has no large parts.
function standings.measure(id, told)
  local fine, seen = pcall(cjson.decode, told)
  for _, name in ipairs({ 'cpuTimeMs', 'peakMemoryBytes', 'score' }) do
    local value = fine and type(seen) == 'table' and tonumber(seen[name])
    if value then
      redis.call('HSET', SUB .. id, name, string.format('%.14g', value))
    else
      redis.call('HDEL', SUB .. id, name)
    end
  end
end

local function is_run(counted)
  return counted ~= '' and counted ~= 'tried'
end

local function run_of(id, cpu_ms, memory, created, language)
  local us = math.min(math.floor((cpu_ms or UNKNOWN_US) * 1000 + 0.5), UNKNOWN_US)
  local bytes = math.min(math.floor(memory or UNKNOWN_BYTES), UNKNOWN_BYTES)
  return string.format('%012d:%015d:%013d:%s:%s', us, bytes, created, id, language)
end

local function tally(counters, problem, change)
  if change ~= 0 and redis.call('HINCRBY', counters, problem, change) <= 0 then
    redis.call('HDEL', counters, problem)
  end
end

local function best_of(tenant, problem)
  return redis.call('ZRANGE', ACCEPTED .. tenant .. ':' .. problem, 0, 0)[1]
end

-- Let it be told rightly whether a tenant has solved a problem, as things are.
function standings.place(tenant, problem, has_solved)
  local counts = has_solved and redis.call('HEXISTS', PROBLEMS, problem) == 1
  local waits = has_solved and not counts
  redis.call(counts and 'SADD' or 'SREM', SOLVED .. tenant, problem)
  redis.call(waits and 'SADD' or 'SREM', WITHDRAWN .. tenant, problem)
  local solved = redis.call('SCARD', SOLVED .. tenant)
  if solved > 0 then
    redis.call('ZADD', SOLVERS, solved, tenant)
  else
    redis.call('ZREM', SOLVERS, tenant)
  end
end

local function show_best(tenant, problem, old, new)
  if old == new then
    return
  end
  local board = BOARD .. problem
  if old then
    redis.call('ZREM', board, old .. ':' .. tenant)
  end
  if new then
    redis.call('ZADD', board, 0, new .. ':' .. tenant)
  end
  standings.place(tenant, problem, new ~= nil)
end

local function replace(tenant, problem, before, after)
  local runs, old = ACCEPTED .. tenant .. ':' .. problem, best_of(tenant, problem)
  if is_run(before) then
    redis.call('ZREM', runs, before)
  end
  if is_run(after) then
    redis.call('ZADD', runs, 0, after)
    redis.call('ZREMRANGEBYRANK', runs, MOST_RUNS, -1)
  end
  show_best(tenant, problem, old, best_of(tenant, problem))
end

-- A submission has ended, once or once more: let the standings say what it says now.
function standings.settle(id)
  local h = redis.call('HMGET', SUB .. id, 'judged', 'counted', 'tenant', 'problem', 'state',
    'verdict', 'cpuTimeMs', 'peakMemoryBytes', 'createdMs', 'language')
  if not h[1] then
    return
  end
  local tenant, problem, before, after = h[3], h[4], h[2] or '', ''
  if h[5] == 'finished' and not NO_VERDICT[h[6]] and takes_part(tenant) then
    after = h[6] == 'accepted'
      and run_of(id, tonumber(h[7] or ''), tonumber(h[8] or ''), h[9], h[10]) or 'tried'
  end
  tally(TRIED, problem, (after ~= '' and 1 or 0) - (before ~= '' and 1 or 0))
  tally(PASSED, problem, (is_run(after) and 1 or 0) - (is_run(before) and 1 or 0))
  replace(tenant, problem, before, after)
  redis.call('HSET', SUB .. id, 'counted', after)
end

-- An account leaves: nobody sees it in any list any more. What it counts for is taken back as
-- its submissions are forgotten (forget.lua).
function standings.forget(tenant)
  for _, problem in ipairs(redis.call('SUNION', SOLVED .. tenant, WITHDRAWN .. tenant)) do
    local best = best_of(tenant, problem)
    if best then
      redis.call('ZREM', BOARD .. problem, best .. ':' .. tenant)
    end
    redis.call('DEL', ACCEPTED .. tenant .. ':' .. problem)
  end
  redis.call('ZREM', SOLVERS, tenant)
  redis.call('DEL', SOLVED .. tenant, WITHDRAWN .. tenant, HISTORY .. tenant)
end
