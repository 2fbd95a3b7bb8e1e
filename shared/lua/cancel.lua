#!lua flags=allow-oom
-- Cancel a submission that is not finished. Its worker is told at once, and if that
-- is lost, learns it from its next renewal.
-- ARGV: 4 id, 5 TTL in s, 6 channel of `problem_done`
-- Returns: 'cancelled', 'finished' when it came too late, or nil: no such submission
local id = ARGV[4]
local state = redis.call('HGET', SUB .. id, 'state')
if not state then
  return nil
end
if state == 'finished' or state == 'cancelled' then
  return state
end
emit(id, 'cancelled', cjson.encode({ status = 'cancelled' }))
close(id, 'cancelled', '', '{}', ARGV[5])
announce(ARGV[6], id, 'cancelled', cjson.null)
line.call()
return 'cancelled'
