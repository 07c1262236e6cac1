-- purpose: gives newcomers the next numbers, at the end of the line; answers who holds a place already with that place
-- guarantees: one living place per identity (W4); a newcomer's order exceeds all issued (W3); no number is issued twice
-- keys: room line absent called entered redeemed who entries missed ended present alive0 alive1 alive2 alive3
-- args: runId identities...
-- reads: phase epoch incarnation next clock period rejoin
-- uses: fence words room standing presence
-- returns: { ok, incarnation, rows of { joined | again | ended, view } or { phase | full } }
local isOpen = room.phase == 'open' or room.phase == 'paused'
local waiting = redis.call('ZCARD', keyLine)
local issuedBefore = room.next
local rows = {}

local function takeNewPlace(identity)
  if not isOpen then return { room.phase } end
  if room.next >= NUMBER_MAX then return { 'full' } end
  room.next = room.next + 1
  local place = textOf(room.epoch * EPOCH_SPAN + room.next)
  standInLine(place, place)
  redis.call('HSET', keyWho, identity, place)
  waiting = waiting + 1
  return { 'joined', { tonumber(place), 'waiting', tonumber(place), waiting - 1, 0, -1, -1 } }
end

for index = identitiesFrom, #ARGV do
  local identity = ARGV[index]
  local held = redis.call('HGET', keyWho, identity)
  -- guard: identity
  if held then
    local state, score = standingOf(held)
    local state2 = giveSignOfLife(held, state, score)
    if state2 ~= state then waiting = waiting + 1 end
    if isEnd(state) and (room.rejoin ~= 1 or state == 'revoked') then
      rows[#rows + 1] = { 'ended', viewOf(held, state, score) }
    elseif isEnd(state) or isRefusal(state) then
      held = nil
    else
      rows[#rows + 1] = { 'again', viewOf(held, state2, score) }
    end
  end
  if held then identity = nil end
  -- end guard: identity
  if identity then rows[#rows + 1] = takeNewPlace(identity) end
end
if room.next > issuedBefore then
  redis.call('HSET', keyRoom, 'next', room.next)
  redis.call('HINCRBY', keyRoom, 'joins', room.next - issuedBefore)
end
return { 'ok', room.incarnation, rows }
