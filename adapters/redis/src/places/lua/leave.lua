-- ARGV: epoch, visitor, number.
if not fenced_last() then
  return false
end
if tonumber(redis.call('ZSCORE', line, ARGV[2])) == tonumber(ARGV[3]) then
  redis.call('ZREM', line, ARGV[2])
end
return 1
