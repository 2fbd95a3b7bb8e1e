-- Whether an API key opens, and whether it may do one more request now.
-- ARGV: 4 hash of all keys, 5 id of the key, 6 digest of its secret, 7 where this key's
--       rate is kept
-- Returns: nil, or {what is stored of the key, ms to wait or 0, streams it may have open}
local stored = redis.call('HGET', ARGV[4], ARGV[5])
if not stored then
  return nil
end
local key = cjson.decode(stored)
if key.digest ~= ARGV[6] then
  return nil
end
local t = redis.call('HMGET', TENANT .. key.tenant, 'rate_per_minute', 'rate_burst', 'most_streams')
local wait = ms_to_wait(ARGV[7], tonumber(t[1] or '0'), tonumber(t[2] or '0'))
return { stored, wait, tonumber(t[3] or '0') }
