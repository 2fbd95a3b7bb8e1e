-- Put an archived submission and its events back, if they are not there and not forgotten.
-- ARGV: 4 id, 5 tenant, 6 TTL in s, 7 how many arguments are fields, then field, value ...,
--       then entry id, event type, event JSON ...
-- Returns: 1 if it is there now, 0 if it was forgotten
-- Safe to repeat.
local id, count = ARGV[4], tonumber(ARGV[7])
local sub = SUB .. id
if redis.call('EXISTS', sub) == 1 then
  return 1
end
if is_forgotten(id, ARGV[5]) or standings.is_gone(ARGV[5]) then
  return 0
end
redis.call('HSET', sub, 'fence', '', 'holder', '')
for i = 8, 7 + count - 1, 2 do
  redis.call('HSET', sub, ARGV[i], ARGV[i + 1])
end
redis.call('DEL', EV .. id)
for i = 8 + count, #ARGV - 2, 3 do
  redis.call('XADD', EV .. id, ARGV[i], 't', ARGV[i + 1], 'd', ARGV[i + 2])
end
redis.call('EXPIRE', sub, ARGV[6])
redis.call('EXPIRE', EV .. id, ARGV[6])
return 1
