-- ARGV: epoch, serving, how many of the first, how many marks. Answers with how many wait above `serving`, the last
-- number handed out, the numbers of the first, and marks: numbers and ranks, evenly by rank over the whole line, those
-- among the first left out.
local last = fenced_last()
if not last then
  return false
end
local call = redis.call
local passed = call('ZCOUNT', line, '-inf', ARGV[2])
local waiting = call('ZCARD', line) - passed
local count, marks = tonumber(ARGV[3]), tonumber(ARGV[4])
local first = {}
if waiting > 0 then
  local found = call('ZRANGE', line, passed, passed + count - 1, 'WITHSCORES')
  for index = 2, #found, 2 do
    first[#first + 1] = tonumber(found[index])
  end
end
local marked, before = {}, count
for mark = 1, marks do
  local rank = math.floor(mark * waiting / marks)
  if rank > before then
    marked[#marked + 1] = tonumber(call('ZRANGE', line, passed + rank - 1, passed + rank - 1, 'WITHSCORES')[2])
    marked[#marked + 1] = rank
    before = rank
  end
end
return {waiting, last, first, marked}
