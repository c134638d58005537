-- ARGV: epoch, then visitors. Answers with a number, or nothing, for each.
if not fenced_last() then
  return false
end
local visitors = {unpack(ARGV, 2)}
local numbers = redis.call('ZMSCORE', line, unpack(visitors))
for index = 1, #visitors do
  numbers[index] = tonumber(numbers[index]) or false
end
return numbers
