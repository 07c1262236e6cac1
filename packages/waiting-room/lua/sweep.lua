-- purpose: collects what is over on the room clock: calls not answered, minutes not redeemed, leases; and moves the silent out of the line
-- guarantees: a missed call keeps the order, the last one allowed ends the place; absence adds nobody to those called before you; mass silence moves nobody
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present heard silent alive0 alive1 alive2 alive3 journal
-- args: runId
-- reads: clock epoch maxMisses sweepOffUntil period sweptPeriod returning coming draining
-- uses: fence words room ending journal silence
-- returns: { swept | returning, missed, lapsed, finished, absent, more } or { off }
-- guard: adopted
if room.sweepOffUntil > room.clock then return { 'off' } end
-- end guard: adopted
local more = 0
local function overdue(key)
  local places = redis.call('ZRANGEBYSCORE', key, '-inf', textOf(room.clock), 'LIMIT', 0, BATCH_MAX)
  if #places == BATCH_MAX then more = 1 end
  return places
end
local missed, lapsed, finished = {}, {}, {}

for _, place in ipairs(overdue(keyCalled)) do
  local misses = math.abs(tonumber(redis.call('HGET', keyMissed, place) or 0)) + 1
  redis.call('HINCRBY', keyRoom, 'misses', 1)
  if misses >= room.maxMisses then
    endPlace(place, 'lapsed')
    lapsed[#lapsed + 1] = place
  else
    local order = cjson.decode(redis.call('HGET', keyEntries, place)).order
    takeOut(place)
    redis.call('ZADD', keyAbsent, order, place)
    -- guard: press
    misses = -misses
    -- end guard: press
    redis.call('HSET', keyMissed, place, misses)
    missed[#missed + 1] = place
  end
end
for _, place in ipairs(overdue(keyEntered)) do
  endPlace(place, 'lapsed')
  lapsed[#lapsed + 1] = place
end
for _, place in ipairs(overdue(keyRedeemed)) do
  endPlace(place, 'finished')
  finished[#finished + 1] = place
end
if #missed > 0 then writeJournal('miss', room.clock, { places = missed }) end
if #lapsed > 0 then writeJournal('end', room.clock, { ['end'] = 'lapsed', by = 'sweep', places = lapsed }) end
if #finished > 0 then writeJournal('end', room.clock, { ['end'] = 'finished', by = 'sweep', places = finished }) end

local word, absent, silentLeft = moveSilent()
if silentLeft then more = 1 end
local function numbers(places)
  for index, place in ipairs(places) do places[index] = tonumber(place) end
  return places
end
return { word, numbers(missed), numbers(lapsed), numbers(finished), absent, more }
