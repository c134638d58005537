-- ARGV: how many at most. Answers with how many alarms there are, dead ones among them, some of those, and when they were
-- due.
local dead_count = call('ZCARD', dead)
local known = call('ZCARD', armed) + call('ZCARD', leased) + dead_count
local some, moments = call('ZRANGE', dead, 0, tonumber(ARGV[1]) - 1), {}
if #some > 0 then
  for index, entry in ipairs(call('HMGET', rung, unpack(some))) do
    local _, due = parse(entry)
    moments[index] = due or 0
  end
end
return {known, dead_count, some, moments}
