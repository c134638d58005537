-- ARGV: epoch, serving, count. Answers with the number of the last of the first `count` above `serving`, how many they
-- are, and the last number handed out.
local last = fenced_last()
if not last then
  return false
end
local passed = redis.call('ZCOUNT', line, '-inf', ARGV[2])
local present = math.min(tonumber(ARGV[3]), redis.call('ZCARD', line) - passed)
if present <= 0 then
  return {tonumber(ARGV[2]), 0, last}
end
local rank = passed + present - 1
return {tonumber(redis.call('ZRANGE', line, rank, rank, 'WITHSCORES')[2]), present, last}
