-- purpose: after Redis may have lost its tail, adopts this process' data as the room's
-- guarantees: one winner (compare and set); numbers, calls and the rate's minute that may have been lost are never given out again (W2, W5)
-- flags: allow-oom
-- keys: room batches journal
-- args: runId expected
-- reads: incarnation next calls clock rate inWindow absentAfterMs
-- uses: words room journal
-- returns: { readopted | unchanged, incarnation } or { changed | no-room }
local adopted = redis.call('HGET', keyRoom, 'runId')
if not adopted then return { 'no-room' } end
if adopted == runId then return { 'unchanged', room.incarnation } end
if adopted ~= expected then return { 'changed' } end
-- Calls of the lost seconds still count in their minute.
local phantoms = room.rate > 0 and math.ceil(room.rate * LOST_TAIL_MS / WINDOW_MS) or 0
if phantoms > 0 then redis.call('RPUSH', keyBatches, textOf(room.clock) .. ':' .. phantoms) end
redis.call('HSET', keyRoom, 'runId', runId, 'incarnation', room.incarnation + 1, 'next', room.next + GAP, 'calls', room.calls + GAP,
  'credit', 0, 'inWindow', room.inWindow + phantoms, 'returning', 0, 'coming', 0,
  'sweepOffUntil', room.clock + room.absentAfterMs, 'callsOffUntil', room.clock + CALLS_OFF_MS)
writeJournal('readopt', room.clock, {
  incarnation = room.incarnation + 1, issuedBefore = room.next, issuedAfter = room.next + GAP, phantomCalls = phantoms })
return { 'readopted', room.incarnation + 1 }
