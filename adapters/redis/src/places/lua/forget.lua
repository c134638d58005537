-- ARGV: epoch, up_to, how many at most. Answers with how many are left to forget.
if not fenced_last() then
  return false
end
local passed = redis.call('ZCOUNT', line, '(0', ARGV[2])
local forgotten = 0
if passed > 0 then
  forgotten = redis.call('ZREMRANGEBYRANK', line, 1, math.min(passed, tonumber(ARGV[3])))
end
keep()
return passed - forgotten
