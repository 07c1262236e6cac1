-- purpose: after Redis may have lost its tail, adopts this process' data as the room's
-- guarantees: one winner (compare and set); numbers, calls and the rate's minute that may have been lost are never given out again (W2, W5)
-- flags: allow-oom
-- keys: room batches journal
-- args: runId expected seen:number
-- reads: incarnation next calls clock rate inWindow absentAfterMs
-- uses: words room journal
-- returns: { readopted | unchanged, incarnation } or { changed | no-room }
local adopted = redis.call('HGET', keyRoom, 'runId')
if not adopted then return { 'no-room' } end
if adopted == runId then return { 'unchanged', room.incarnation } end
if adopted ~= expected then return { 'changed' } end
-- An adoption before this one may be lost with its tail; what it issued lies in the gap it made, so that one is left out too.
local incarnation = math.max(room.incarnation, seen) + 1
local gap = GAP * (incarnation - room.incarnation)
-- Calls of the lost seconds still count in their minute.
local phantoms = room.rate > 0 and math.ceil(room.rate * LOST_TAIL_MS / WINDOW_MS) or 0
if phantoms > 0 then redis.call('RPUSH', keyBatches, textOf(room.clock) .. ':' .. phantoms) end
redis.call('HSET', keyRoom, 'runId', runId, 'incarnation', incarnation, 'next', room.next + gap, 'calls', room.calls + gap,
  'credit', 0, 'inWindow', room.inWindow + phantoms, 'returning', 0, 'coming', 0,
  'sweepOffUntil', room.clock + room.absentAfterMs, 'callsOffUntil', room.clock + CALLS_OFF_MS)
writeJournal('readopt', room.clock, {
  incarnation = incarnation, issuedBefore = room.next, issuedAfter = room.next + gap, phantomCalls = phantoms })
return { 'readopted', incarnation }
