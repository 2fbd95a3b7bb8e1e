-- Take a submission: store it, give it its place in line, tell, ring.
-- ARGV: 4 id, 5 tenant, 6 problem or '', 7 language, 8 spec (JSON), 9 epoch,
--       10 key of `latest` or '', 11 TTL of that pointer in s,
--       12 most submissions waiting, 13 most bytes unfinished, 14 and 15 the same for a
--       tenant that has no limits of its own, 16 priority class, 17 classes it may ask
--       for if nothing is stored, 18 time to run at in ms or '', 19 queue timeout in ms or '',
--       20 key that remembers the caller's Idempotency-Key or '', 21 digest of the body,
--       22 life of that in s, 23 '1' if its stdin stays open for input.lua,
--       24 URL that is told of its end, or '', 25 'judged' by an installed package, 'reveals':
--       so that its secret tests are shown, or ''
-- Returns: 'queued', or with nothing stored: 'full', 'full-bytes', 'tenant-full',
-- 'tenant-full-bytes', 'priority', 'gone': its account was deleted, or 'again:<id>' / 'conflict' for a key used before.
-- Safe to repeat with the same id: a lost reply does not make a second one.
local id, tenant, spec = ARGV[4], ARGV[5], ARGV[8]
if redis.call('EXISTS', SUB .. id) == 1 then
  return 'queued'
end
local known = line.before(ARGV[20], ARGV[21])
if known then
  return known
end
local refused = line.refuses(tenant, ARGV[16], ARGV[17], #spec, 1,
  { ARGV[12], ARGV[13], ARGV[14], ARGV[15] })
if refused then
  return refused
end
local more = {}
if ARGV[23] == '1' then
  more = { 'interactive', '1' }
end
if ARGV[24] and ARGV[24] ~= '' then
  more[#more + 1], more[#more + 2] = 'callback', ARGV[24]
end
if ARGV[20] ~= '' then
  more[#more + 1], more[#more + 2] = 'once', ARGV[20]
end
if ARGV[25] and ARGV[25] ~= '' then
  more[#more + 1], more[#more + 2] = ARGV[25], '1'
end
line.store(id, tenant, { problem = ARGV[6], language = ARGV[7], spec = spec, epoch = ARGV[9],
  priority = ARGV[16], run_at = ARGV[18], timeout = ARGV[19],
  more = more })
if ARGV[10] ~= '' then
  redis.call('SET', ARGV[10], id, 'EX', ARGV[11])
end
line.remember(ARGV[20], ARGV[21], id, ARGV[22])
standings.remember(id, tenant, ARGV[6], ARGV[25] == 'judged')
emit(id, 'queued', '{}')
line.call()
return 'queued'
