-- Presence. Needs words, room (period), keys line absent present missed alive0 alive1 alive2 alive3.
local aliveKeys = { keyAlive0, keyAlive1, keyAlive2, keyAlive3 }
local aliveNow = aliveKeys[room.period % PERIODS + 1]

-- Puts a place into line at its order, present and with a sign of life.
local function standInLine(place, order)
  local number = numberOf(place)
  redis.call('ZADD', keyLine, order, place)
  redis.call('SETBIT', keyPresent, number, 1)
  redis.call('SETBIT', aliveNow, number, 1)
end

-- A sign of life: the silent are back at their old order. Not so who missed a call: a forgotten tab gives signs of life too,
-- and 120 of those at the front would be called again and again while nobody is let in.
local function giveSignOfLife(place, state, order)
  if state == 'waiting' then
    redis.call('SETBIT', aliveNow, numberOf(place), 1)
  elseif state == 'absent' then
    redis.call('ZREM', keyAbsent, place)
    standInLine(place, order)
    return 'waiting'
  end
  return state
end
