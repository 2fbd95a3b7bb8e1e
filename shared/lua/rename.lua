#!lua flags=allow-oom
-- Give a stream a new epoch: Redis came back without its last events, so readers hold
-- ids whose numbers will be used again. Done once, whoever notices first.
-- ARGV: 4 the hash that has it, 5 the epoch that readers know, 6 the new one
-- Returns: the epoch it has now, or nil: no such stream
if redis.call('HGET', ARGV[4], 'epoch') == ARGV[5] then
  redis.call('HSET', ARGV[4], 'epoch', ARGV[6])
end
return redis.call('HGET', ARGV[4], 'epoch')
