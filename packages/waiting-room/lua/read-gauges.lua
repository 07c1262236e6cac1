-- purpose: everything operators and workers watch
-- guarantees: changes nothing; works while fenced
-- flags: allow-oom
-- keys: room line absent called entered redeemed
-- args: none
-- returns: { gauges, settings, phase, runId, reason, numbers as src/read-gauges.ts names them } or { no-room }
local fields = redis.call('HMGET', keyRoom, 'settings', 'phase', 'runId', 'reason')
if not fields[1] then return { 'no-room' } end
local reply = { 'gauges', fields[1], fields[2], fields[3], fields[4] }
local function add(...)
  for _, value in ipairs(redis.call('HMGET', keyRoom, ...)) do reply[#reply + 1] = value or '0' end
end
add('epoch', 'incarnation', 'clock', 'inWindow')
for _, key in ipairs({ keyLine, keyAbsent, keyCalled, keyEntered, keyRedeemed }) do reply[#reply + 1] = redis.call('ZCARD', key) end
add('next', 'joins', 'called', 'enters', 'redeems', 'finishes', 'leaves', 'lapses', 'revokes', 'misses', 'peak')
return reply
