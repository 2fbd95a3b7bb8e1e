-- Take a submission: store it, give it its place in line, tell, ring.
-- ARGV: 4 id, 5 tenant, 6 problem or '', 7 language, 8 spec (JSON), 9 epoch,
--       10 key of `latest` or '', 11 TTL of that pointer in s,
--       12 most submissions waiting, 13 most bytes unfinished
-- Returns: 'queued', or 'full' / 'full-bytes' with nothing stored.
-- Safe to repeat with the same id: a lost reply does not make a second one.
local id, spec = ARGV[4], ARGV[8]
local sub = SUB .. id
if redis.call('EXISTS', sub) == 1 then
  return 'queued'
end
if redis.call('ZCARD', READY) >= tonumber(ARGV[12]) then
  return 'full'
end
local bytes = tonumber(redis.call('HGET', LOAD, 'bytes') or '0')
if bytes + #spec > tonumber(ARGV[13]) then
  return 'full-bytes'
end

local order = redis.call('HINCRBY', LOAD, 'submitted', 1)
redis.call('HSET', sub, 'tenant', ARGV[5], 'problem', ARGV[6], 'language', ARGV[7],
  'spec', spec, 'bytes', #spec, 'state', 'queued', 'attempts', 0, 'lost', 0,
  'fence', '', 'holder', '', 'epoch', ARGV[9], 'seq', 0, 'order', order,
  'createdMs', now_ms())
redis.call('HINCRBY', LOAD, 'bytes', #spec)
redis.call('ZADD', READY, order, id)
if ARGV[10] ~= '' then
  redis.call('SET', ARGV[10], id, 'EX', ARGV[11])
end
emit(id, 'queued', '{}')
ring(1)
return 'queued'
