-- purpose: the caller's tick: moves the room clock and calls whom rate, capacity and line allow
-- guarantees: slots in use stay within capacity (W1); calls of any 60 s of the room clock within the rate in force, and paced (W2);
--   lowest orders first (W3); the clock never runs faster than Redis' clock nor the caller's
-- flags: allow-oom
-- keys: room line called entered redeemed entries present alive0 alive1 alive2 alive3 batches pace recent journal
-- args: runId lastClock:number elapsed:number clockOffset:number
-- reads: phase opensAt rate capacity callMs absentAfterMs clock wall credit inWindow calls
--   peak through incarnation epoch period periodAt returning callsOffUntil paceAt paceCalls paceDry
-- uses: fence words room journal clock
-- returns: { ticked, clock, phase, reason, slotsInUse, waiting, rows of { place, order, callNo }, incarnation, epoch }
if room.phase == 'scheduled' and room.opensAt >= 0 and now >= room.opensAt then
  room.phase = 'open'
  writeJournal('open', room.clock, { at = textOf(now) })
end

local slots = redis.call('ZCARD', keyCalled) + redis.call('ZCARD', keyEntered) + redis.call('ZCARD', keyRedeemed)
local waiting = redis.call('ZCARD', keyLine)
local count, reason = BATCH_MAX, 'batch'
local function limit(term, word)
  if term < count then count, reason = math.max(0, term), word end
end
limit(waiting, 'line')
-- guard: capacity
if room.capacity >= 0 then limit(room.capacity - slots, 'capacity') end
-- end guard: capacity
if room.rate >= 0 then
  -- guard: window
  limit(room.rate - room.inWindow, room.inWindow > room.rate and 'rate-lowered' or 'rate')
  -- end guard: window
  -- guard: pace
  room.credit = math.min(math.max(1, room.rate * BURST_MS / 60000), room.credit + step * room.rate / 60000)
  limit(math.floor(room.credit), 'rate')
  -- end guard: pace
end
local isOff = true
if room.phase ~= 'open' then
  count = 0
  reason = (room.phase == 'lobby' or room.phase == 'drawing') and 'scheduled' or room.phase
elseif room.callsOffUntil > room.clock then
  count, reason = 0, 'readopted'
-- guard: returning
elseif room.returning > 0 then
  count, reason = 0, 'returning'
-- end guard: returning
else
  isOff = false
end

local rows = {}
if count > 0 then
  local popped = redis.call('ZPOPMIN', keyLine, count)
  local deadline = room.clock + room.callMs
  local places, orders = {}, {}
  for index = 1, #popped, 2 do
    local place, order = popped[index], textOf(tonumber(popped[index + 1]))
    room.calls = room.calls + 1
    redis.call('ZADD', keyCalled, deadline, place)
    redis.call('HSET', keyEntries, place, '{"callNo":' .. textOf(room.calls) .. ',"order":"' .. order .. '"}')
    redis.call('SETBIT', keyPresent, numberOf(place), 0)
    redis.call('RPUSH', keyRecent, textOf(room.calls) .. ':' .. place .. ':' .. order)
    room.through = math.max(room.through, tonumber(order))
    places[#places + 1] = place
    orders[#orders + 1] = order
    rows[#rows + 1] = { tonumber(place), tonumber(order), room.calls }
  end
  redis.call('LTRIM', keyRecent, -RECENT_LENGTH_MAX, -1)
  redis.call('RPUSH', keyBatches, textOf(room.clock) .. ':' .. count)
  if room.rate >= 0 then room.credit = math.max(0, room.credit - count) end
  room.inWindow = room.inWindow + count
  local left = redis.call('ZRANGE', keyLine, 0, 0, 'WITHSCORES')
  writeJournal('call', room.clock, {
    n = count, rate = room.rate, capacity = room.capacity, slotsBefore = slots, inWindow = room.inWindow,
    firstCallNo = room.calls - count + 1, places = places, orders = orders,
    lowestLeft = left[2] and textOf(tonumber(left[2])) or '', reason = reason })
end
tellPace(count, isOff or waiting - count == 0)
redis.call('HSET', keyRoom, 'phase', room.phase, 'clock', room.clock, 'wall', room.wall, 'credit', room.credit,
  'inWindow', room.inWindow, 'calls', room.calls, 'through', room.through, 'period', room.period, 'periodAt', room.periodAt,
  'paceAt', room.paceAt, 'paceCalls', room.paceCalls, 'paceDry', room.paceDry, 'reason', reason,
  'peak', math.max(room.peak or 0, waiting))
if count > 0 then redis.call('HINCRBY', keyRoom, 'called', count) end
return { 'ticked', room.clock, room.phase, reason, slots + count, waiting - count, rows, room.incarnation, room.epoch }
