-- purpose: a called fan presses "enter" and is granted an entry token
-- guarantees: only who was called (W1); asking again with the same binding gives the same grant (W4)
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended journal
-- args: runId place binding kid
-- reads: phase epoch next clock entryTokenMs
-- uses: fence words room standing journal
-- returns: { entered | again, view, { epoch, callNo, kid, issuedAt, expiresAt, redeemed } },
--   { not-called | bound-elsewhere | ended, view } or { closed | epoch | unknown | lost }
local state, score = standingOf(place)
if isRefusal(state) then return { state } end
if isEnd(state) then return { 'ended', viewOf(place, state, score) } end
local entry = entryOf(place)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local word = 'again'
-- guard: called
if state == 'waiting' or state == 'absent' or state == 'missed' then return { 'not-called', viewOf(place, state, score) } end
-- end guard: called
if state == 'entered' or state == 'redeemed' then
  if entry.binding ~= binding then return { 'bound-elsewhere', viewOf(place, state, score) } end
else
  if room.phase == 'closed' then return { 'closed' } end
  word = 'entered'
  score = room.clock + room.entryTokenMs
  redis.call('ZREM', keyCalled, place)
  redis.call('ZADD', keyEntered, score, place)
  redis.call('HINCRBY', keyRoom, 'enters', 1)
  entry.binding = binding
  state = 'entered'
  writeJournal('enter', room.clock, { place = place, callNo = entry.callNo })
end
-- New, or its wall time is over (or TIME was set back) while the room clock still gives it minutes: same place and call, new times.
if word == 'entered' or now >= entry.expiresAt or now < entry.issuedAt then
  entry.kid = kid
  entry.issuedAt = now
  entry.expiresAt = now + math.min(room.entryTokenMs, score - room.clock)
  -- A session that booking could not write until now may be written with this token.
  if state == 'redeemed' then entry.opensUntil = room.clock + math.min(room.entryTokenMs, score - room.clock) end
  redis.call('HSET', keyEntries, place, cjson.encode(entry))
end
local grant = { epochOf(place), entry.callNo, entry.kid, entry.issuedAt, entry.expiresAt, state == 'redeemed' and 1 or 0 }
return { word, viewOf(place, state, score), grant }
