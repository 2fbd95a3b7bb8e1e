-- Of a store of schema 2: bring a submission into its tenant's history, let it count, and
-- have it archived if it has ended.
-- ARGV: 4 id, 5 'judged', 'reveals' or '', as in submit.lua
-- Safe to repeat.
local id, kind = ARGV[4], ARGV[5]
local sub = SUB .. id
local h = redis.call('HMGET', sub, 'tenant', 'problem', 'state', 'batch', 'rev')
if not h[1] or h[4] then
  return 0
end
if kind ~= '' then
  redis.call('HSET', sub, kind, '1')
end
standings.remember(id, h[1], h[2], kind == 'judged')
if h[3] ~= 'finished' and h[3] ~= 'cancelled' then
  return 1
end
local last = redis.call('XREVRANGE', EV .. id, '+', '-', 'COUNT', 1)[1]
standings.measure(id, last and last[2][4] or '{}')
standings.settle(id)
if not h[5] then
  line.archive(id) -- an archiver that archives nothing gives it its time again
end
return 1
