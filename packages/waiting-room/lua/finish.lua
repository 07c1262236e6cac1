-- purpose: booking's session of a place is over
-- guarantees: idempotent; the slot or the spot in line is free at once; also right for a place whose records Redis lost
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present journal
-- args: runId place
-- reads: epoch next clock
-- uses: fence words room standing ending journal
-- returns: { finished | again, view } or { epoch | unknown }
local state, score = standingOf(place)
if state == 'epoch' or state == 'unknown' then return { state } end
if isEnd(state) then return { 'again', viewOf(place, state, score) } end
endPlace(place, 'finished')
writeJournal('end', room.clock, { ['end'] = 'finished', by = 'finish', places = { place } })
return { 'finished', viewOf(place, 'finished') }
