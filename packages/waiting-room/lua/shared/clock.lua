-- The room clock. Needs room (clock wall period periodAt absentAfterMs inWindow pace…), lastClock, elapsed, clockOffset, keys
-- alive0 … alive3, batches, pace. Only the caller's tick moves it: never faster than Redis' clock nor than the caller's own
-- monotonic clock, so that neither a TIME that jumps nor a worker that slept spends minutes nobody had (waiting-room.md §2).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + clockOffset
local step = math.max(0, now - room.wall)
local owed = 0
-- guard: clock
if lastClock < 0 then
  step = 0
else
  local allowed = math.max(0, math.min(lastClock + elapsed - room.clock, STEP_MS_MAX, room.absentAfterMs / PERIODS))
  local whole = math.floor(math.min(step, allowed))
  -- What this tick may not move yet is owed to the next one, if small: else jitter on the way would make the clock run slow.
  owed = math.min(WALL_SLACK_MS, step - whole)
  step = whole
end
-- end guard: clock
room.wall = now - owed
room.clock = room.clock + step

-- Signs of life rotate: the bitmap of the new period starts empty.
if room.clock - room.periodAt >= room.absentAfterMs / PERIODS then
  room.period = room.period + 1
  room.periodAt = room.clock
  redis.call('UNLINK', ({ keyAlive0, keyAlive1, keyAlive2, keyAlive3 })[room.period % PERIODS + 1])
end

-- Calls older than the window leave it.
local oldest = redis.call('LINDEX', keyBatches, 0)
while oldest do
  local at, count = string.match(oldest, '^(%d+):(%d+)$')
  if tonumber(at) > room.clock - WINDOW_MS then break end
  redis.call('LPOP', keyBatches)
  room.inWindow = room.inWindow - count
  oldest = redis.call('LINDEX', keyBatches, 0)
end

-- Counts calls in buckets for the wait band. A bucket in which calls were off or the line ran dry says nothing about waiting.
local function tellPace(count, isDry)
  room.paceCalls = room.paceCalls + count
  if isDry then room.paceDry = 1 end
  if room.clock - room.paceAt < BUCKET_MS then return end
  if room.paceDry == 0 then
    redis.call('LPUSH', keyPace, room.paceCalls)
    redis.call('LTRIM', keyPace, 0, BUCKETS_KEPT - 1)
  end
  room.paceAt, room.paceCalls, room.paceDry = room.clock, 0, 0
end
