-- purpose: what everybody in a room is told once a second
-- guarantees: changes nothing; one moment of the room
-- flags: allow-oom
-- keys: room line absent called entered redeemed pace
-- args: none
-- returns: { frame, settings, phase, runId, reason, rate, epoch, incarnation, clock, through, counts, marks as order, ahead …, buckets } or { no-room }
local fields = redis.call('HMGET', keyRoom, 'settings', 'phase', 'runId', 'reason', 'rate', 'epoch', 'incarnation', 'clock', 'through')
if not fields[1] then return { 'no-room' } end
local counts = {}
for index, key in ipairs({ keyLine, keyAbsent, keyCalled, keyEntered, keyRedeemed }) do counts[index] = redis.call('ZCARD', key) end

-- Marks: each of the first, then geometric up to the last fan in line.
local waiting = counts[1]
local marks = {}
local function mark(rank)
  local found = redis.call('ZRANGE', keyLine, rank, rank, 'WITHSCORES')
  marks[#marks + 1] = found[2]
  marks[#marks + 1] = rank
end
for rank = 0, math.min(waiting, MARKS_EXACT) - 1 do mark(rank) end
local steps = MARKS_MAX - MARKS_EXACT
local last = MARKS_EXACT - 1
for index = 1, steps do
  local rank = math.floor(MARKS_EXACT * (waiting / MARKS_EXACT) ^ (index / steps) + 0.5) - 1
  if rank > last and rank < waiting then
    mark(rank)
    last = rank
  end
end
if waiting > MARKS_EXACT and last < waiting - 1 then
  marks[#marks - 1] = redis.call('ZRANGE', keyLine, -1, -1, 'WITHSCORES')[2]
  marks[#marks] = waiting - 1
end
return { 'frame', fields, counts, marks, redis.call('LRANGE', keyPace, 0, -1) }
