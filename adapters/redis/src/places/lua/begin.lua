-- ARGV: epoch, last. Makes the line; visitors of an older one stay.
local made = redis.call('HMGET', meta, 'epoch', 'last')
if made[1] and tonumber(made[1]) >= tonumber(ARGV[1]) then
  return false
end
local last = math.max(tonumber(ARGV[2]), tonumber(made[2] or '0'))
redis.call('HSET', meta, 'epoch', ARGV[1], 'run', run(), 'last', last)
redis.call('ZADD', line, 0, '')
keep()
return last
