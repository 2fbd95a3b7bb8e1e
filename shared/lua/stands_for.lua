-- Whom a session, a login token or a ticket stands for, and the account behind it as it is now.
-- ARGV: 4 its key, 5 '1' if it is used up by this, 6 hash of accounts,
--       7 prefix of where rates are kept, or '': this is no request that counts,
--       8 requests per minute, unless the tenant has a rate of its own
-- Returns: nil, or {what is stored, the account (JSON) or '', streams its tenant may have open,
--          ms to wait or 0}
-- The rate is the tenant's: it does not grow with the sessions of an account.
local stored = redis.call('GET', ARGV[4])
if not stored then
  return nil
end
if ARGV[5] == '1' then
  redis.call('DEL', ARGV[4])
end
local known = cjson.decode(stored)
local account = known.account and redis.call('HGET', ARGV[6], known.account)
local t = redis.call('HMGET', TENANT .. known.tenant, 'most_streams', 'rate_per_minute', 'rate_burst')
local wait = 0
if ARGV[7] ~= '' and (account or not known.account) then
  wait = ms_to_wait(ARGV[7] .. known.tenant, tonumber(t[2] or ARGV[8]), tonumber(t[3] or '0'))
end
return { stored, account or '', tonumber(t[1] or '0'), wait }
