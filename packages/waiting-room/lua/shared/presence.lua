-- Presence. Needs words, room (period), keys line absent present heard missed alive0 alive1 alive2 alive3.
local aliveKeys = { keyAlive0, keyAlive1, keyAlive2, keyAlive3 }
local aliveNow = aliveKeys[room.period % PERIODS + 1]

local function hear(place)
  local number = numberOf(place)
  redis.call('SETBIT', aliveNow, number, 1)
  redis.call('SETBIT', keyHeard, number, 1)
end

-- Puts a place back into line at its order, present and with a sign of life.
local function standInLine(place, order)
  redis.call('ZADD', keyLine, order, place)
  redis.call('SETBIT', keyPresent, numberOf(place), 1)
  hear(place)
end

-- A sign of life: the silent are back at their old order. Not so who missed a call: a forgotten tab gives signs of life too,
-- and 120 of those at the front would be called again and again while nobody is let in.
local function giveSignOfLife(place, state, order)
  if state == 'waiting' then
    hear(place)
  elseif state == 'absent' then
    redis.call('ZREM', keyAbsent, place)
    standInLine(place, order)
    return 'waiting'
  end
  return state
end
