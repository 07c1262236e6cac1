-- purpose: booking redeems an entry token for a session
-- guarantees: at most one holder per place (W6); again by the same binding is the same session; a valid token whose enter Redis forgot counts;
--   until the minutes of its token are over the place is not ended for want of a session (reconcile)
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present journal
-- args: runId place callNo:number epoch:number binding
-- reads: epoch next clock entryTokenMs sessionMaxMs
-- uses: fence words room standing ending journal
-- returns: { redeemed | again, remainingMs }, { lapsed | ended, end } or { used | epoch | unknown }
if epoch ~= room.epoch then return { 'epoch' } end
local state, score = standingOf(place)
if state == 'epoch' or state == 'unknown' then return { state } end
-- guard: minutes
if state == 'lapsed' then return { 'lapsed', state } end
-- end guard: minutes
if isEnd(state) and state ~= 'lapsed' then return { 'ended', state } end
local entry = entryOf(place)
-- guard: once
if (state == 'entered' or state == 'redeemed') and entry.binding ~= binding then return { 'used' } end
-- end guard: once
if state == 'redeemed' then return { 'again', score - room.clock } end

-- Called or in line with a valid token: Redis lost the enter with its tail. The fan was let in; the slot counts, over capacity if need be.
local forgotten = state ~= 'entered'
if forgotten then
  if state == 'waiting' or state == 'absent' or state == 'missed' then entry.order = textOf(score) end
  entry.callNo = callNo
  entry.binding = binding
  entry.kid = ''
  entry.issuedAt = 0
  entry.expiresAt = 0
end
takeOut(place)
entry.redeemedAt = room.clock
-- Until then booking may still write the session: its database may be away, and the fan asks again.
entry.opensUntil = forgotten and room.clock + room.entryTokenMs or score
redis.call('ZADD', keyRedeemed, room.clock + room.sessionMaxMs, place)
redis.call('HSET', keyEntries, place, cjson.encode(entry))
redis.call('HINCRBY', keyRoom, 'redeems', 1)
local slots = redis.call('ZCARD', keyCalled) + redis.call('ZCARD', keyEntered) + redis.call('ZCARD', keyRedeemed)
writeJournal('redeem', room.clock, { place = place, callNo = callNo, slotsAfter = slots, forgotten = forgotten })
return { 'redeemed', room.sessionMaxMs }
