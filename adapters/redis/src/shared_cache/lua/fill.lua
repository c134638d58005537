-- KEYS: mark, value. ARGV further: how long the value lives in milliseconds, its bytes.
if raise() > generation then
  return 0
end
redis.call('SET', KEYS[2], mark .. ARGV[5], 'PX', ARGV[4])
return 1
