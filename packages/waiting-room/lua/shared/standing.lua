-- Where a place stands. Needs words, room (clock epoch next) and keys line absent called entered redeemed ended missed entries.

-- state, score: score is the order in line and absent, else the deadline. Minutes or a lease that are over by the room clock
-- end a place at once, the sweep only collects it. 'epoch', 'unknown' and 'lost' are no states but refusals.
local function standingOf(place)
  local score = redis.call('ZSCORE', keyLine, place)
  if score then return 'waiting', tonumber(score) end
  score = redis.call('ZSCORE', keyAbsent, place)
  if score then
    local misses = tonumber(redis.call('HGET', keyMissed, place) or 0)
    return misses < 0 and 'missed' or 'absent', tonumber(score)
  end
  score = redis.call('ZSCORE', keyCalled, place)
  if score then return 'called', tonumber(score) end
  score = tonumber(redis.call('ZSCORE', keyEntered, place) or -1)
  if score >= 0 then return score > room.clock and 'entered' or 'lapsed', score end
  score = tonumber(redis.call('ZSCORE', keyRedeemed, place) or -1)
  if score >= 0 then return score > room.clock and 'redeemed' or 'finished', score end
  if epochOf(place) ~= room.epoch then return 'epoch' end
  local number = numberOf(place)
  if number < 1 or number > room.next then return 'unknown' end
  local code = redis.call('BITFIELD_RO', keyEnded, 'GET', 'u4', '#' .. number)[1]
  return END_WORDS[code] or 'lost'
end

local function isRefusal(state) return state == 'epoch' or state == 'unknown' or state == 'lost' end
local function isEnd(state) return END_CODES[state] ~= nil end
local function entryOf(place)
  local text = redis.call('HGET', keyEntries, place)
  return text and cjson.decode(text) or { callNo = 0, order = place }
end

-- The place as src/place-view.ts reads it: place, state, order, ahead, missed, remainingMs, callNo; -1, or nothing at the end, for none.
local function viewOf(place, state, score)
  local number = tonumber(place)
  if isEnd(state) then return { number, state, number, -1, 0 } end
  local misses = math.abs(tonumber(redis.call('HGET', keyMissed, place) or 0))
  if state == 'waiting' then return { number, state, score, redis.call('ZRANK', keyLine, place), misses } end
  if state == 'absent' or state == 'missed' then
    return { number, state, score, redis.call('ZCOUNT', keyLine, '-inf', '(' .. textOf(score)), misses }
  end
  local entry = entryOf(place)
  return { number, state, tonumber(entry.order), -1, misses, math.max(0, score - room.clock), entry.callNo }
end
