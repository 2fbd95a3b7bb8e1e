-- Whom a session, a login token or a ticket stands for, and the account behind it as it is now.
-- ARGV: 4 its key, 5 '1' if it is used up by this, 6 hash of accounts
-- Returns: nil, or {what is stored, the account (JSON) or '', streams its tenant may have open}
local stored = redis.call('GET', ARGV[4])
if not stored then
  return nil
end
if ARGV[5] == '1' then
  redis.call('DEL', ARGV[4])
end
local known = cjson.decode(stored)
local account = known.account and redis.call('HGET', ARGV[6], known.account) or ''
local most = redis.call('HGET', TENANT .. known.tenant, 'most_streams')
return { stored, account or '', tonumber(most or '0') }
