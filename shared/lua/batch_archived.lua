#!lua flags=allow-oom
-- This version of a batch needs no archiving any more, so Redis may let it go at its time.
-- ARGV: 4 id, 5 tenant, 6 rev, 7 TTL from the end in s, 8 '1' if it was archived
-- Returns: 'gone' if it was deleted meanwhile, and is to be removed again, else 'kept'
-- Safe to repeat. A newer version stays to be archived.
local id, tenant, now = ARGV[4], ARGV[5], now_ms()
local h = redis.call('HMGET', BATCH .. id, 'rev', 'finishedMs')
if not h[1] then
  redis.call('ZREM', BATCHES_TO_ARCHIVE, id)
  return is_unwanted(id, tenant, now) and 'gone' or 'kept'
end
if h[1] == ARGV[6] then
  local was_due = redis.call('ZREM', BATCHES_TO_ARCHIVE, id)
  local left = math.max(tonumber(h[2]) + tonumber(ARGV[7]) * 1000 - now, 60000)
  for _, key in ipairs({ BATCH .. id, EV .. id, ENDED .. id }) do
    redis.call('PEXPIRE', key, left)
  end
  if ARGV[8] == '1' then
    redis.call('HINCRBY', ARCHIVE, 'archived', was_due)
  end
end
return 'kept'
