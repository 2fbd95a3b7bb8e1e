-- Send something to an interactive submission: bytes for its stdin, its end, a signal.
-- All of it is kept until the submission's end, in order: a worker that takes it over
-- from a lost one gives its run the same input from the beginning.
-- ARGV: 4 id, 5 tenant, 6 nonce of this very call, 7 most bytes, 8 most entries,
--       9 entry: 'i' and bytes, 'z' for the end of stdin, 's' and the name of a signal
-- Returns: 'ok', or why not: 'unknown', 'ended', 'not-interactive', 'closed', 'full'
-- Safe to repeat with the same nonce, as long as no other call came between.
local id, entry = ARGV[4], ARGV[9]
local sub, list = SUB .. id, INPUT .. id
local h = redis.call('HMGET', sub, 'tenant', 'interactive', 'state', 'inputCall', 'inputClosed',
  'inputBytes', 'holder')
if h[1] ~= ARGV[5] then
  return 'unknown'
elseif h[4] == ARGV[6] then
  return 'ok'
elseif h[3] == 'finished' or h[3] == 'cancelled' then
  return 'ended'
elseif h[2] ~= '1' then
  return 'not-interactive'
elseif h[5] and string.sub(entry, 1, 1) ~= 's' then
  return 'closed'
end
local bytes = tonumber(h[6] or '0') + #entry
local is_full = bytes > tonumber(ARGV[7]) or redis.call('LLEN', list) >= tonumber(ARGV[8])
if is_full and entry ~= 'z' then
  return 'full'
end
redis.call('RPUSH', list, entry)
redis.call('HSET', sub, 'inputBytes', bytes, 'inputCall', ARGV[6])
if entry == 'z' then
  redis.call('HSET', sub, 'inputClosed', 1)
end
if h[7] and h[7] ~= '' then
  redis.call('PUBLISH', CONTROL .. h[7], 'input:' .. id)
end
return 'ok'
