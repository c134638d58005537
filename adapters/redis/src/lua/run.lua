-- Names this server since its start and its history since its last change of role: whatever may have lost writes
-- (a restart, a failover, a failover and back) has another.
local function run()
  local info = redis.call('INFO', 'server', 'replication')
  return string.match(info, 'run_id:(%w+)') .. string.match(info, 'master_replid:(%w+)')
end

