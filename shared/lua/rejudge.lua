-- Judge what is finished once more: back in line, with what it got kept in its history.
-- ARGV: 4 id, 5 `finishedMs` of the verdict that the caller has seen, 6 spec (JSON),
--       7 epoch of its new stream, 8 priority class, 9 verdicts that are kept,
--       10 hash that counts it among its `submissions`, if it is there, or ''
-- Returns: 'queued'; with nothing changed: 'running' if it is not finished, 'changed' if it
-- has been judged again since, 'gone' if there is nothing to judge, 'batch' for an item,
-- 'interactive' for one that was fed while it ran: what it was sent is not kept.
-- Safe to repeat: the second call finds it queued, or finished at another time.
local id, spec = ARGV[4], ARGV[6]
local sub = SUB .. id
local h = redis.call('HMGET', sub, 'state', 'finishedMs', 'verdict', 'history', 'batch', 'tenant',
  'interactive')
if not h[1] or h[1] == 'cancelled' or redis.call('HEXISTS', sub, 'spec') == 0 then
  return 'gone'
end
if h[1] ~= 'finished' then
  return 'running'
end
if h[2] ~= ARGV[5] then
  return 'changed'
end
if h[5] and h[5] ~= '' then
  return 'batch'
end
if h[7] then
  return 'interactive'
end

local history = cjson.encode({ verdict = h[3], finishedMs = tonumber(h[2]) })
if h[4] and h[4] ~= '' then
  history = h[4] .. ',' .. history
end
local _, count = string.gsub(history, '}', '}')
if count > tonumber(ARGV[9]) then
  history = string.gsub(history, '^{[^}]*},', '')
end

local now = now_ms()
redis.call('HSET', sub, 'state', 'queued', 'verdict', '', 'result', '', 'history', history,
  'spec', spec, 'bytes', #spec, 'attempts', 0, 'lost', 0, 'fence', '', 'holder', '',
  'epoch', ARGV[7], 'seq', 0, 'priority', ARGV[8], 'queuedMs', now,
  'order', redis.call('HGET', LOAD, 'submitted'))
redis.call('HDEL', sub, 'finishedMs', 'claimedMs', 'startByMs', 'runAtMs', 'cpuTimeMs',
  'peakMemoryBytes', 'score')
redis.call('PERSIST', sub)
redis.call('DEL', EV .. id)
redis.call('HINCRBY', LOAD, 'bytes', #spec)
redis.call('HINCRBY', SHARE .. h[6], 'bytes', #spec)
line.enter(id, now)
emit(id, 'queued', cjson.encode({ reason = 'rejudge' }))
line.call()
if ARGV[10] and ARGV[10] ~= '' and redis.call('EXISTS', ARGV[10]) == 1 then
  redis.call('HINCRBY', ARGV[10], 'submissions', 1)
end
return 'queued'
