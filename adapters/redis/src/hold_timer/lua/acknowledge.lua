-- ARGV: alarms and when they were due. Takes those away that are still meant for that moment.
local members = {}
for index = 1, #ARGV, 2 do
  members[#members + 1] = ARGV[index]
end
local known = call('HMGET', rung, unpack(members))
local waiting = call('ZMSCORE', armed, unpack(members))
local done = {}
for index, member in ipairs(members) do
  local _, due = parse(known[index])
  if (due or tonumber(waiting[index])) == tonumber(ARGV[2 * index]) then
    done[#done + 1] = member
  end
end
remove(done)
return 1
