-- purpose: the fan gives the place up, from whatever state
-- guarantees: idempotent; the slot or the spot in line is free at once; also right for a place whose records Redis lost
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present journal
-- args: runId place
-- reads: epoch next clock
-- uses: fence words room standing ending journal
-- returns: { left | again, view } or { epoch | unknown }
local state, score = standingOf(place)
if state == 'epoch' or state == 'unknown' then return { state } end
if isEnd(state) then return { 'again', viewOf(place, state, score) } end
endPlace(place, 'left')
writeJournal('end', room.clock, { ['end'] = 'left', by = 'leave', places = { place } })
return { 'left', viewOf(place, 'left') }
