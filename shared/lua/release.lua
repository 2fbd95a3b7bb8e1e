#!lua flags=allow-oom
-- Give a submission back unfinished (a clean shutdown): no attempt is lost.
-- ARGV: 4 id, 5 fence
-- Returns: 1, or 0 when the claim was lost already
local id = ARGV[4]
if not holds(id, ARGV[5]) then
  return 0
end
redis.call('HINCRBY', SUB .. id, 'attempts', -1)
back_in_line(id, 'given-back')
ring(1)
return 1
