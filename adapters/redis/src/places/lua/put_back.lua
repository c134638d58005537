-- ARGV: epoch, then visitors and their numbers. Who stands there with a smaller number keeps it; a number that was
-- never handed out is left out.
local last = fenced_last()
if not last then
  return false
end
local added = {}
for index = 2, #ARGV, 2 do
  local number = tonumber(ARGV[index + 1])
  if number > 0 and number <= last then
    added[#added + 1] = ARGV[index + 1]
    added[#added + 1] = ARGV[index]
  end
end
if #added > 0 then
  redis.call('ZADD', line, 'LT', unpack(added))
end
keep()
return 1
