-- ARGV: channel, shard, then holds, each of them once, and when their alarms are due; '' takes an alarm away. An alarm that
-- has rung for the same moment stays as it is. Announces the first moment of the shard when there is an earlier one.
local members = {}
for index = 3, #ARGV, 2 do
  members[#members + 1] = ARGV[index]
end
local known = call('HMGET', rung, unpack(members))
local before = first(armed)
local added, removed = {}, {}
for index, member in ipairs(members) do
  local due = tonumber(ARGV[2 * index + 2])
  local _, rung_for = parse(known[index])
  if not due then
    removed[#removed + 1] = member
  elseif due ~= rung_for then
    added[#added + 1] = ARGV[2 * index + 2]
    added[#added + 1] = member
    if rung_for then
      removed[#removed + 1] = member
    end
  end
end
remove(removed)
if #added > 0 then
  call('ZADD', armed, unpack(added))
end
local after = first(armed)
if after and (not before or after < before) then
  call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', after))
end
return 1
