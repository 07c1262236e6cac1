-- Silence. Needs words, room (clock epoch period and the fields below), keys room line absent present heard silent alive0 … alive3.
-- State of the room: sweptPeriod (last period searched), returning (clock at which mass silence was seen, 0 none), coming (clock
-- at which the crowd began to come back), draining (1 while the silent of a mass silence that is over are still being moved).
local aliveKeys = { keyAlive0, keyAlive1, keyAlive2, keyAlive3 }
local function remember(...) redis.call('HSET', keyRoom, ...) end

-- Present fans without a sign of life in any of the four periods, as a bitmap. (Not by NOT: the bitmaps differ in length.)
local function findSilent()
  redis.call('BITOP', 'OR', keySilent, unpack(aliveKeys))
  redis.call('BITOP', 'AND', keySilent, keySilent, keyPresent)
  redis.call('BITOP', 'XOR', keySilent, keySilent, keyPresent)
end
-- Whose silence could be our outage: of the fans in the bitmap, those who gave a sign of life after joining. Who joined and closed the tab
-- never could be reached, and a quarter of a crowd does so when a sale opens.
local function countHeard()
  -- guard: heard
  redis.call('BITOP', 'AND', keySilent, keySilent, keyHeard)
  -- end guard: heard
  return redis.call('BITCOUNT', keySilent)
end
local function countCrowd()
  redis.call('BITOP', 'OR', keySilent, keyPresent)
  return countHeard()
end
-- Of the crowd, those with a sign of life in this period or the one before.
local function countFresh()
  redis.call('BITOP', 'OR', keySilent, aliveKeys[room.period % PERIODS + 1], aliveKeys[(room.period - 1) % PERIODS + 1])
  redis.call('BITOP', 'AND', keySilent, keySilent, keyPresent)
  return countHeard()
end

-- Is the crowd being waited for? Our own outage silences everybody at once and must not reorder the line.
local function isReturning()
  local crowd, fresh = countCrowd(), countFresh()
  findSilent()
  local silent = countHeard()
  if room.returning == 0 then
    if room.draining == 1 or silent < SILENT_LEAST or silent <= crowd * SILENT_SHARE then return false end
    remember('returning', room.clock, 'coming', fresh >= crowd * COMING_SHARE and room.clock or 0)
    return true
  end
  if room.coming == 0 and fresh >= crowd * COMING_SHARE then
    room.coming = room.clock
    remember('coming', room.clock)
  end
  local isBack = crowd - silent >= crowd * BACK_SHARE
  local isLong = room.coming > 0 and room.clock - room.coming >= RETURNING_MS
  if not isBack and not isLong and room.clock - room.returning < RETURNING_MS_MAX then return true end
  remember('returning', 0, 'coming', 0, 'draining', 1)
  return false
end

-- Moves up to BATCH_MAX silent places to `absent`. Returns a word, how many, and whether there are more.
local function moveSilent()
  if room.period ~= room.sweptPeriod or room.returning > 0 then
    remember('sweptPeriod', room.period)
    -- guard: returning
    if isReturning() then
      redis.call('UNLINK', keySilent)
      return 'returning', 0, false
    end
    -- end guard: returning
    findSilent()
  end
  local moved, from = 0, 0
  for _ = 1, BATCH_MAX do
    local number = redis.call('BITPOS', keySilent, 1, from)
    if number < 0 then
      redis.call('UNLINK', keySilent)
      remember('draining', 0)
      return 'swept', moved, false
    end
    redis.call('SETBIT', keySilent, number, 0)
    from = math.floor(number / 8)
    local isAlive = false
    for _, key in ipairs(aliveKeys) do isAlive = isAlive or redis.call('GETBIT', key, number) == 1 end
    local place = textOf(room.epoch * EPOCH_SPAN + number)
    local order = not isAlive and redis.call('ZSCORE', keyLine, place)
    if order then
      redis.call('ZREM', keyLine, place)
      redis.call('SETBIT', keyPresent, number, 0)
      redis.call('ZADD', keyAbsent, order, place)
      moved = moved + 1
    end
  end
  return 'swept', moved, true
end
