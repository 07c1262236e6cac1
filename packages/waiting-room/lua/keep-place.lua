-- purpose: signs of life of places; answers their state and exact position
-- guarantees: a silent place is back at its old order; one that missed a call is not
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present heard alive0 alive1 alive2 alive3
-- args: runId places...
-- reads: epoch next clock period
-- uses: fence words room standing presence
-- returns: { ok, rows of view or epoch | unknown | lost, or just the present fans ahead: waiting at the order of its number, nothing missed }
local rows = {}
-- Almost all who ask are waiting: their scores, misses and signs of life take one command for all of them.
local scores = redis.call('ZMSCORE', keyLine, unpack(ARGV, placesFrom))
local misses = redis.call('HMGET', keyMissed, unpack(ARGV, placesFrom))
local signs = {}
for index = placesFrom, #ARGV do
  local place = ARGV[index]
  local nth = index - placesFrom + 1
  if scores[nth] then
    local at = #signs
    signs[at + 1], signs[at + 2], signs[at + 3], signs[at + 4] = 'SET', 'u1', numberOf(place), 1
    local ahead = redis.call('ZRANK', keyLine, place)
    if misses[nth] or scores[nth] ~= place then
      rows[nth] = { tonumber(place), 'waiting', tonumber(scores[nth]), ahead, math.abs(tonumber(misses[nth] or 0)) }
    else
      rows[nth] = ahead
    end
  else
    local state, score = standingOf(place)
    rows[nth] = isRefusal(state) and state or viewOf(place, giveSignOfLife(place, state, score), score)
  end
end
if #signs > 0 then
  redis.call('BITFIELD', aliveNow, unpack(signs))
  redis.call('BITFIELD', keyHeard, unpack(signs))
end
return { 'ok', rows }
