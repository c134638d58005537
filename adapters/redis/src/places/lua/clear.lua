-- Whatever is there, it goes.
redis.call('UNLINK', line, meta)
return 1
