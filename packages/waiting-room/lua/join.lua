-- purpose: gives newcomers the next numbers, at the end of the line; answers who holds a place already with that place
-- guarantees: one living place per identity (W4); a newcomer's order exceeds all issued (W3); no number is issued twice
-- keys: room line absent called entered redeemed who entries missed ended present heard alive0 alive1 alive2 alive3
-- args: runId identities...
-- reads: phase epoch incarnation next clock period rejoin
-- uses: fence words room standing presence
-- returns: { ok, incarnation, rows of { again | ended, view... } or { phase | full } or, joined, { place, ahead } }
local isOpen = room.phase == 'open' or room.phase == 'paused'
local waiting = redis.call('ZCARD', keyLine)
local issuedBefore = room.next
local holders = redis.call('HMGET', keyWho, unpack(ARGV, identitiesFrom))
local rows = {}
-- Places given in this run are written in one command a key; their numbers follow each other.
local given, whoPairs, linePairs = {}, {}, {}
local firstUnwritten = room.next + 1

local function setBits(key, first, last)
  while first <= last do
    local width = math.min(BITS_MAX, last - first + 1)
    redis.call('BITFIELD', key, 'SET', 'u' .. width, first, 2 ^ width - 1)
    first = first + width
  end
end

local function writeNewcomers()
  if firstUnwritten > room.next then return end
  redis.call('HSET', keyWho, unpack(whoPairs))
  redis.call('ZADD', keyLine, unpack(linePairs))
  setBits(keyPresent, firstUnwritten, room.next)
  setBits(aliveNow, firstUnwritten, room.next)
  whoPairs, linePairs, firstUnwritten = {}, {}, room.next + 1
end

local function takeNewPlace(identity)
  if not isOpen then return { room.phase } end
  if room.next >= NUMBER_MAX then return { 'full' } end
  room.next = room.next + 1
  local number = room.epoch * EPOCH_SPAN + room.next
  local place = textOf(number)
  given[identity] = place
  local at = #whoPairs
  whoPairs[at + 1], whoPairs[at + 2] = identity, place
  linePairs[at + 1], linePairs[at + 2] = place, place
  waiting = waiting + 1
  return { number, waiting - 1 }
end

for index = identitiesFrom, #ARGV do
  local identity = ARGV[index]
  local held = given[identity] or holders[index - identitiesFrom + 1]
  if given[identity] then writeNewcomers() end
  -- guard: identity
  if held then
    local state, score = standingOf(held)
    local state2 = giveSignOfLife(held, state, score)
    if state2 ~= state then waiting = waiting + 1 end
    if isEnd(state) and (room.rejoin ~= 1 or state == 'revoked') then
      rows[#rows + 1] = { 'ended', unpack(viewOf(held, state, score)) }
    elseif isEnd(state) or isRefusal(state) then
      held = nil
    else
      rows[#rows + 1] = { 'again', unpack(viewOf(held, state2, score)) }
    end
  end
  if held then identity = nil end
  -- end guard: identity
  if identity then rows[#rows + 1] = takeNewPlace(identity) end
end
writeNewcomers()
if room.next > issuedBefore then
  redis.call('HSET', keyRoom, 'next', room.next)
  redis.call('HINCRBY', keyRoom, 'joins', room.next - issuedBefore)
end
return { 'ok', room.incarnation, rows }
