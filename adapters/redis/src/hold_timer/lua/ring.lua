-- ARGV: now, how many at most, how long a dead alarm stays dead, 1 to look whether anything was lost, then the lease of
-- each try. Answers with: 1 when something may have been lost, leases that ended and are set again, alarms that died,
-- alarms there are, dead ones among them, the next moment at which there is something to do or nothing, the alarms that
-- are leased now, and when they were due.
local MOST_ENDED = 256
local now, forgotten_until = tonumber(ARGV[1]), tonumber(ARGV[1]) - tonumber(ARGV[3])
local lost = 0
if ARGV[4] == '1' then
  local here = run()
  if call('GET', made) ~= here then
    call('SET', made, here)
    lost = 1
  end
end

local back, died = {}, {}
local ended = call('ZRANGE', leased, '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, MOST_ENDED)
if #ended > 0 then
  for index, entry in ipairs(call('HMGET', rung, unpack(ended))) do
    local tries, due = parse(entry)
    if tries and tries < #ARGV - 4 then
      back[#back + 1] = due
      back[#back + 1] = ended[index]
    elseif tries then
      died[#died + 1] = ARGV[1]
      died[#died + 1] = ended[index]
    end
  end
  call('ZREM', leased, unpack(ended))
  if #back > 0 then
    call('ZADD', armed, unpack(back))
  end
  if #died > 0 then
    call('ZADD', dead, unpack(died))
  end
end

remove(call('ZRANGE', dead, '-inf', forgotten_until, 'BYSCORE', 'LIMIT', 0, MOST_ENDED))

local found = call('ZRANGE', armed, '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
local members, moments = {}, {}
for index = 1, #found, 2 do
  members[#members + 1] = found[index]
  moments[#moments + 1] = tonumber(found[index + 1])
end
if #members > 0 then
  local entries, leases = {}, {}
  for index, entry in ipairs(call('HMGET', rung, unpack(members))) do
    local tries = (parse(entry) or 0) + 1
    local lease = tonumber(ARGV[math.min(4 + tries, #ARGV)])
    entries[#entries + 1] = members[index]
    entries[#entries + 1] = string.format('%d %.0f', tries, moments[index])
    leases[#leases + 1] = now + lease
    leases[#leases + 1] = members[index]
  end
  call('ZREM', armed, unpack(members))
  call('HSET', rung, unpack(entries))
  call('ZADD', leased, unpack(leases))
end

local died_first = first(dead)
local next_moment = false
for _, moment in pairs({first(armed) or false, first(leased) or false, died_first and died_first + ARGV[3] or false}) do
  if moment and (not next_moment or moment < next_moment) then
    next_moment = moment
  end
end
local dead_count = call('ZCARD', dead)
local known = call('ZCARD', armed) + call('ZCARD', leased) + dead_count
return {lost, #back / 2, #died / 2, known, dead_count, next_moment, members, moments}
