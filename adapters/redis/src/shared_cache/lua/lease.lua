-- KEYS: lease. ARGV: its name, how long it lives in milliseconds. Sent again, it finds its own.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then
  return 1
end
return 0
