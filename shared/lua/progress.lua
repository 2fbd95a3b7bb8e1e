#!lua flags=allow-oom
-- Tell of progress, while the claim holds.
-- ARGV: 4 id, 5 fence, 6 step: counts a claim's calls, so that one repeated after a
--       lost reply is told once, 7 'running' or '', 8.. event type, event JSON, ...
-- Returns: 1, or 0 when the claim is lost
local id, step = ARGV[4], tonumber(ARGV[6])
local sub = SUB .. id
if not holds(id, ARGV[5]) then
  return 0
end
if step <= tonumber(redis.call('HGET', sub, 'step')) then
  return 1
end
redis.call('HSET', sub, 'step', step)
if ARGV[7] ~= '' then
  redis.call('HSET', sub, 'state', ARGV[7])
end
emit_all(id, 8)
return 1
