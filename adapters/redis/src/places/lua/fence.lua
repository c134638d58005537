-- KEYS: the line (a sorted set of visitors by number, and '' with 0, which tells an empty line from a missing one)
-- and its meta (a hash: epoch, run, last). ARGV[1]: the epoch that the caller means.
local line, meta = KEYS[1], KEYS[2]
local SECONDS_UNUSED = 259200

-- The highest number handed out; nothing when the line is lost.
local function fenced_last()
  local made = redis.call('HMGET', meta, 'epoch', 'run', 'last')
  if made[1] ~= ARGV[1] or made[2] ~= run() or not redis.call('ZSCORE', line, '') then
    return nil
  end
  return tonumber(made[3])
end

local function keep()
  redis.call('EXPIRE', line, SECONDS_UNUSED)
  redis.call('EXPIRE', meta, SECONDS_UNUSED)
end

