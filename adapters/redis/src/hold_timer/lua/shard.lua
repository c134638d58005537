-- KEYS, all of one shard: alarms that wait by the moment at which they are due, alarms that are leased by the end of their
-- lease, dead alarms by the moment of their death (sorted sets); of each alarm that has rung how often it did and when it
-- was due (a hash); and on which run of the server the shard was made. Moments are microseconds since 1970.
local armed, leased, dead, rung, made = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local call = redis.call

-- How often an alarm has rung and when it was due; nothing for one that has not.
local function parse(entry)
  if not entry then
    return nil, nil
  end
  local tries, due = string.match(entry, '^(%d+) (%-?%d+)$')
  return tonumber(tries), tonumber(due)
end

-- The first moment of a sorted set.
local function first(set)
  return tonumber(call('ZRANGE', set, 0, 0, 'WITHSCORES')[2])
end

-- Takes alarms away, whatever has become of them.
local function remove(members)
  if #members > 0 then
    call('ZREM', armed, unpack(members))
    call('ZREM', leased, unpack(members))
    call('ZREM', dead, unpack(members))
    call('HDEL', rung, unpack(members))
  end
end

