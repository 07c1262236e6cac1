-- purpose: a place that Redis lost with its tail comes back by its receipt
-- guarantees: its own order; one living place per identity (W4): a newer one still waiting gives way to it; nothing ended comes back
-- keys: room line absent called entered redeemed who entries missed ended present heard alive0 alive1 alive2 alive3 journal
-- args: runId place order:number identity
-- reads: phase epoch next clock period
-- uses: fence words room standing presence ending journal
-- returns: { restored | again | ended | other, view } or { closed | epoch | unknown }
local state, score = standingOf(place)
if isEnd(state) then return { 'ended', viewOf(place, state, score) } end
if not isRefusal(state) then return { 'again', viewOf(place, giveSignOfLife(place, state, score), score) } end
if state ~= 'lost' then return { state } end
if room.phase == 'closed' then return { 'closed' } end
local held = redis.call('HGET', keyWho, identity)
if held and held ~= place then
  local heldState, heldScore = standingOf(held)
  if heldState == 'waiting' or heldState == 'absent' or heldState == 'missed' then
    if heldScore < order then return { 'other', viewOf(held, heldState, heldScore) } end
    endPlace(held, 'left')
    writeJournal('end', room.clock, { ['end'] = 'left', by = 'restore', places = { held } })
  elseif not isEnd(heldState) and not isRefusal(heldState) then
    return { 'other', viewOf(held, heldState, heldScore) }
  end
end
redis.call('HSET', keyWho, identity, place)
standInLine(place, order)
writeJournal('restore', room.clock, { place = place, order = textOf(order) })
return { 'restored', viewOf(place, 'waiting', order) }
