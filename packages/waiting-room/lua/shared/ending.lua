-- The end of a place. Needs words, room (clock), keys room line absent called entered redeemed entries missed ended present.
-- Takes it out of wherever it is; its identity stays in `who`, so that the answer to a new join can say how it ended.
local END_TOTALS = { finished = 'finishes', left = 'leaves', lapsed = 'lapses', revoked = 'revokes' }
local function takeOut(place)
  if redis.call('ZREM', keyLine, place) == 1 then redis.call('SETBIT', keyPresent, numberOf(place), 0) end
  redis.call('ZREM', keyAbsent, place)
  redis.call('ZREM', keyCalled, place)
  redis.call('ZREM', keyEntered, place)
  redis.call('ZREM', keyRedeemed, place)
  redis.call('HDEL', keyEntries, place)
  redis.call('HDEL', keyMissed, place)
end
local function endPlace(place, kind)
  takeOut(place)
  redis.call('BITFIELD', keyEnded, 'SET', 'u4', '#' .. numberOf(place), END_CODES[kind])
  redis.call('HINCRBY', keyRoom, END_TOTALS[kind], 1)
end
