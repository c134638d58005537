-- The mark: an epoch of 16 bytes, then the latest generation, big-endian. A value begins with the mark that it was kept
-- under; one of another epoch, or of an earlier generation than the mark, counts for nothing.
local mark = redis.call('GET', KEYS[1])
local generation = tonumber(ARGV[1])

-- ARGV: generation, an epoch for a new mark, how long the mark lives in milliseconds.
local function set_mark(epoch)
  mark = epoch .. struct.pack('>i8', generation)
  redis.call('SET', KEYS[1], mark, 'PX', ARGV[3])
end

local function latest()
  return struct.unpack('>i8', mark, 17)
end

local function raise()
  if not mark then
    set_mark(ARGV[2])
  elseif latest() <= generation then
    set_mark(string.sub(mark, 1, 16))
  else
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
  return latest()
end

