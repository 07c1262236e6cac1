-- purpose: an operator ends a place; its identity may not join again
-- guarantees: idempotent; the slot or the spot in line is free at once; also right for a place whose records Redis lost
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present journal
-- args: runId place
-- reads: epoch next clock
-- uses: fence words room standing ending journal
-- returns: { revoked | again, view } or { epoch | unknown }
local state, score = standingOf(place)
if state == 'epoch' or state == 'unknown' then return { state } end
if isEnd(state) then return { 'again', viewOf(place, state, score) } end
endPlace(place, 'revoked')
writeJournal('end', room.clock, { ['end'] = 'revoked', by = 'revoke', places = { place } })
return { 'revoked', viewOf(place, 'revoked') }
