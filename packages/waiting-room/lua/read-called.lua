-- purpose: who was called since a cursor
-- guarantees: leaves nobody out: a cursor that is too old, or of another incarnation, reads all that are called now
-- flags: allow-oom
-- keys: room called entries recent
-- args: callNo:number incarnation epoch
-- returns: { called, callNo, incarnation, epoch, all, rows of callNo:place:order } or { no-room }
local room = redis.call('HMGET', keyRoom, 'calls', 'incarnation', 'epoch')
if not room[1] then return { 'no-room' } end
local fresh = tonumber(room[1]) - callNo
local isKnown = callNo >= 0 and fresh >= 0 and room[2] == incarnation and room[3] == epoch
if isKnown and fresh == 0 then return { 'called', room[1], room[2], room[3], 0, {} } end
if isKnown and fresh <= redis.call('LLEN', keyRecent) then
  return { 'called', room[1], room[2], room[3], 0, redis.call('LRANGE', keyRecent, -fresh, -1) }
end
local rows = {}
for _, place in ipairs(redis.call('ZRANGE', keyCalled, 0, -1)) do
  local entry = cjson.decode(redis.call('HGET', keyEntries, place))
  rows[#rows + 1] = string.format('%.0f:%s:%s', entry.callNo, place, entry.order)
end
return { 'called', room[1], room[2], room[3], 1, rows }
