-- Add submissions to a batch that is being filled.
-- ARGV: 4 batch, 5 classes its tenant may ask for if nothing is stored, 6..9 limits as in
--       submit.lua, 10 time in ms that filling may take from now on,
--       11.. id, index, client's id or '', problem or '', language, spec, epoch, priority,
--       time to run at in ms or '', queue timeout in ms or '', and again
-- Returns: for each 'queued', or why it was not taken, 'closed' when the batch takes nothing
-- more; nil: there is no such batch
-- Safe to repeat with the same ids.
local batch = ARGV[4]
local h = redis.call('HMGET', BATCH .. batch, 'tenant', 'state')
if not h[2] then
  return nil
end
local tenant, answers, closed = h[1], {}, h[2] ~= 'filling' and 'closed' or nil
if not closed then
  redis.call('ZADD', FILLING, now_ms() + tonumber(ARGV[10]), batch)
end
for i = 11, #ARGV - 9, 10 do
  local id, spec, answer = ARGV[i], ARGV[i + 5], 'queued'
  if redis.call('EXISTS', SUB .. id) == 0 then
    local refused = closed or line.refuses(tenant, ARGV[i + 7], ARGV[5], #spec, 1,
      { ARGV[6], ARGV[7], ARGV[8], ARGV[9] })
    if refused then
      answer = refused
    else
      redis.call('HINCRBY', BATCH .. batch, 'total', 1)
      redis.call('SADD', LEFT .. batch, id)
      line.store(id, tenant, { problem = ARGV[i + 3], language = ARGV[i + 4], spec = spec,
        epoch = ARGV[i + 6], priority = ARGV[i + 7], run_at = ARGV[i + 8],
        timeout = ARGV[i + 9],
        more = { 'batch', batch, 'index', ARGV[i + 1], 'clientId', ARGV[i + 2] } })
      emit(id, 'queued', '{}')
      line.call()
    end
  end
  answers[#answers + 1] = answer
end
return answers
