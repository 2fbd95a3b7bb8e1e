#!lua flags=allow-oom
-- Take batches that are to be archived, under a lease, as to_archive.lua takes submissions.
-- ARGV: 4 how many at most, 5 lease in ms
-- Returns: ids
local now = now_ms()
local due = redis.call('ZRANGEBYSCORE', BATCHES_TO_ARCHIVE, '-inf', now, 'LIMIT', 0, ARGV[4])
for _, id in ipairs(due) do
  redis.call('ZADD', BATCHES_TO_ARCHIVE, now + tonumber(ARGV[5]), id)
end
return due
