#!lua flags=allow-oom
-- Forget a submission, whatever it is doing: cancel it, take back what it counts for, remove
-- it and what leads to it, and note that it may still be in the archive.
-- ARGV: 4 id, 5 its tenant, 6 channel of `problem_done`, 7 prefix of the tenant's `latest`,
--       8 in how many ms the archive is looked after once more
-- Returns: 2, 1: it has never been on the way to the archive, 0: there is no such submission of
-- this tenant
local id, tenant = ARGV[4], ARGV[5]
local sub = SUB .. id
local h = redis.call('HMGET', sub, 'tenant', 'state', 'problem', 'once', 'epoch', 'batch', 'rev')
if h[1] ~= tenant then
  return 0
end
if h[2] ~= 'finished' and h[2] ~= 'cancelled' then
  cancel(id, 60, ARGV[6])
end
redis.call('HSET', sub, 'state', 'cancelled')
standings.settle(id) -- what is cancelled counts for nothing
standings.omit(id, tenant, h[3])
if redis.call('GET', ARGV[7] .. h[3]) == id then
  redis.call('DEL', ARGV[7] .. h[3])
end
if h[4] and string.match(redis.call('GET', h[4]) or '', ' (%S+)$') == id then
  redis.call('DEL', h[4])
end
for _, row in ipairs(redis.call('LRANGE', JUDGE_ERRORS, 0, -1)) do
  if string.find(row, id, 1, true) then
    redis.call('LREM', JUDGE_ERRORS, 0, row)
  end
end
for _, name in ipairs({ 'submission:' .. id, 'event:' .. id .. '-' .. (h[5] or '') }) do
  redis.call('ZREM', DELIVERIES, name)
  redis.call('DEL', DELIVERY .. name)
end
redis.call('ZREM', TO_ARCHIVE, id)
local due = now_ms() + tonumber(ARGV[8])
redis.call('ZADD', FORGOTTEN, due, id .. '/' .. (h[6] or '') .. ':' .. tenant)
if h[7] then -- else no archiver can have seen it
  redis.call('ZADD', FORGOTTEN, due, id .. ':' .. tenant)
end
redis.call('DEL', sub, EV .. id, INPUT .. id)
line.call()
return h[7] and 2 or 1
