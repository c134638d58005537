-- ARGV: epoch, ceiling, serving, max_waiting, then for each entry its visitor and the number that it replaces, or 0.
-- Answers with the last number handed out, then for each entry its number (negative when the visitor had it already),
-- 0 when the line is full, nothing when the next number would be above the ceiling.
local last = fenced_last()
if not last then
  return false
end
local ceiling, serving, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local visitors, replaced = {}, {}
for index = 5, #ARGV, 2 do
  visitors[#visitors + 1] = ARGV[index]
  replaced[#replaced + 1] = tonumber(ARGV[index + 1])
end
local scores = redis.call('ZMSCORE', line, unpack(visitors))
local waiting = redis.call('ZCOUNT', line, '(' .. ARGV[3], '+inf')
local answers, added, given = {}, {}, {}
for index, visitor in ipairs(visitors) do
  local number = given[visitor] or tonumber(scores[index])
  local others = waiting
  if number and number > serving then
    others = others - 1
  end
  if number and number > replaced[index] then
    answers[index] = -number
  elseif others >= most then
    answers[index] = 0
  elseif last >= ceiling then
    answers[index] = false
  else
    last, waiting = last + 1, others + 1
    given[visitor], answers[index] = last, last
    added[#added + 1] = last
    added[#added + 1] = visitor
  end
end
if #added > 0 then
  redis.call('ZADD', line, unpack(added))
  redis.call('HSET', meta, 'last', last)
end
keep()
return {last, unpack(answers, 1, #visitors)}
