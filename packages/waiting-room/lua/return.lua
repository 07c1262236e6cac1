-- purpose: the fan's press that brings an absent place back, also after a missed call
-- guarantees: back at the old order; misses stay counted
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present heard alive0 alive1 alive2 alive3
-- args: runId place
-- reads: phase epoch next clock period
-- uses: fence words room standing presence
-- returns: { returned | unchanged | ended, view } or { closed | epoch | unknown | lost }
local state, score = standingOf(place)
if isRefusal(state) then return { state } end
if isEnd(state) then return { 'ended', viewOf(place, state, score) } end
if state ~= 'absent' and state ~= 'missed' then
  giveSignOfLife(place, state, score)
  return { 'unchanged', viewOf(place, state, score) }
end
if room.phase == 'closed' then return { 'closed' } end
if state == 'missed' then redis.call('HSET', keyMissed, place, -redis.call('HGET', keyMissed, place)) end
redis.call('ZREM', keyAbsent, place)
standInLine(place, score)
return { 'returned', viewOf(place, 'waiting', score) }
