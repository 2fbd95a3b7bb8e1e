#!lua flags=allow-oom
-- Write the verdict, once, and only while the claim holds.
-- ARGV: 4 id, 5 fence, 6 verdict, 7 result (JSON), 8 TTL in s, 9 channel of
--       `problem_done`, 10.. event type, event JSON, ... with the terminal one last
-- Returns: 1 (also when this very claim has finished it before), or 0: the claim is lost
local id, fence = ARGV[4], ARGV[5]
if not holds(id, fence) then
  local h = redis.call('HMGET', SUB .. id, 'fence', 'state')
  return (h[1] == fence and h[2] == 'finished') and 1 or 0
end
emit_all(id, 10)
standings.measure(id, ARGV[#ARGV])
close(id, 'finished', ARGV[6], ARGV[7], ARGV[8])
announce(ARGV[9], id, 'finished', ARGV[6])
line.call()
return 1
