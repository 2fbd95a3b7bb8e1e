#!lua flags=allow-oom
-- Nothing more is added to a batch.
-- ARGV: 4 id, 5 how many were rejected, 6 TTL in s once it has ended
-- Returns: its state, or nil: no such batch
line.seal(ARGV[4], ARGV[5], ARGV[6])
return redis.call('HGET', BATCH .. ARGV[4], 'state')
