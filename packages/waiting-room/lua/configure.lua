-- purpose: puts an operator's settings in force; makes the room when told to
-- guarantees: never goes back to an older version; leaves line, numbers and clock of a living room alone
-- flags: allow-oom
-- keys: room journal
-- args: runId create:number version:number epoch:number phase opensAt:number rate:number capacity:number
--   callMs:number maxMisses:number absentAfterMs:number entryTokenMs:number sessionMaxMs:number rejoin:number settings
-- uses: words journal
-- returns: { created | configured | unchanged | older | epoch | fenced | no-room }
local known = redis.call('HMGET', keyRoom, 'runId', 'version', 'epoch', 'clock')
local word = 'configured'
if not known[1] then
  if create ~= 1 then return { 'no-room' } end
  word = 'created'
  local time = redis.call('TIME')
  redis.call('HSET', keyRoom, 'runId', runId, 'epoch', epoch, 'incarnation', 1, 'clock', 0,
    'wall', time[1] * 1000 + math.floor(time[2] / 1000), 'next', 0, 'calls', 0, 'through', 0, 'credit', 0, 'inWindow', 0,
    'period', 0, 'periodAt', 0, 'sweptPeriod', 0, 'returning', 0, 'coming', 0, 'draining', 0, 'sweepOffUntil', 0,
    'callsOffUntil', 0, 'peak', 0, 'paceAt', 0, 'paceCalls', 0, 'paceDry', 0, 'reason', 'line')
else
  -- guard: fence
  if known[1] ~= runId then return { 'fenced' } end
  -- end guard: fence
  if tonumber(known[3]) ~= epoch then return { 'epoch' } end
  if tonumber(known[2]) > version then return { 'older' } end
  if tonumber(known[2]) == version then return { 'unchanged' } end
end
redis.call('HSET', keyRoom, 'version', version, 'phase', phase, 'opensAt', opensAt, 'rate', rate, 'capacity', capacity,
  'callMs', callMs, 'maxMisses', maxMisses, 'absentAfterMs', absentAfterMs, 'entryTokenMs', entryTokenMs,
  'sessionMaxMs', sessionMaxMs, 'rejoin', rejoin, 'settings', settings)
writeJournal('settings', tonumber(known[4] or 0), { version = version, phase = phase, rate = rate, capacity = capacity, epoch = epoch })
return { word }
