#!lua flags=allow-oom
-- Take what is to be archived. Each is leased: who takes it settles it by archived.lua, and
-- what is not settled, because its process died, may be taken again when the lease is over.
-- ARGV: 4 how many at most, 5 lease in ms, 6 about how many bytes at most, 7 what is archived:
--       'all', 'single' or 'none'; from now on this is what ends waits for
-- Returns: ids
if (redis.call('HGET', ARCHIVE, 'mode') or 'none') ~= ARGV[7] then
  redis.call('HSET', ARCHIVE, 'mode', ARGV[7])
end
local now, bytes, taken = now_ms(), 0, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', TO_ARCHIVE, '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local sub = SUB .. id
  local state = redis.call('HGET', sub, 'state')
  if state == 'finished' or state == 'cancelled' then
    bytes = bytes + redis.call('HSTRLEN', sub, 'result') + redis.call('HSTRLEN', sub, 'spec')
    if #taken > 0 and bytes > tonumber(ARGV[6]) then
      break
    end
    redis.call('ZADD', TO_ARCHIVE, now + tonumber(ARGV[5]), id)
    taken[#taken + 1] = id
  else
    redis.call('ZREM', TO_ARCHIVE, id) -- judged again: its next end brings it back
  end
end
return taken
