#!lua flags=allow-oom
-- Give a submission back unfinished.
-- ARGV: 4 id, 5 fence, 6 reason that readers are told, 7 attempts that did not count
-- Returns: 1, or 0 when the claim was lost already
local id = ARGV[4]
if not holds(id, ARGV[5]) then
  return 0
end
redis.call('HINCRBY', SUB .. id, 'attempts', -tonumber(ARGV[7]))
back_in_line(id, ARGV[6])
line.call()
return 1
