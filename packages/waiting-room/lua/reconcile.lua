-- purpose: makes the redeemed places equal to the sessions that live at booking
-- guarantees: ends none redeemed about when the sessions were listed, or later; an ended place is never brought back
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present journal
-- args: runId sinceClock:number steps...
-- reads: epoch next clock
-- uses: fence words room standing ending journal
-- returns: { reconciled, finished, adopted, toEnd, unknown }
local finished, adopted, toEnd, unknown = {}, {}, {}, {}
local finishedTexts = {}
for index = stepsFrom, #ARGV, 5 do
  local step, place = ARGV[index], ARGV[index + 1]
  local state, score = standingOf(place)
  if step == 'finish' then
    if state == 'redeemed' and (entryOf(place).redeemedAt or 0) < sinceClock - RECONCILE_GRACE_MS then
      endPlace(place, 'finished')
      finishedTexts[#finishedTexts + 1] = place
      finished[#finished + 1] = tonumber(place)
    end
  elseif state == 'epoch' or state == 'unknown' then
    unknown[#unknown + 1] = tonumber(place)
  elseif isEnd(state) then
    toEnd[#toEnd + 1] = tonumber(place)
  elseif state ~= 'redeemed' then
    local entry = entryOf(place)
    if state == 'waiting' or state == 'absent' or state == 'missed' then entry.order = textOf(score) end
    takeOut(place)
    redis.call('ZADD', keyRedeemed, room.clock + ARGV[index + 4], place)
    redis.call('HSET', keyEntries, place, cjson.encode({
      callNo = tonumber(ARGV[index + 2]), order = entry.order, binding = ARGV[index + 3], kid = '', issuedAt = 0, expiresAt = 0,
      redeemedAt = room.clock }))
    local slots = redis.call('ZCARD', keyCalled) + redis.call('ZCARD', keyEntered) + redis.call('ZCARD', keyRedeemed)
    writeJournal('adopt', room.clock, { place = place, callNo = tonumber(ARGV[index + 2]), slotsAfter = slots })
    adopted[#adopted + 1] = tonumber(place)
  end
end
if #finishedTexts > 0 then writeJournal('end', room.clock, { ['end'] = 'finished', by = 'reconcile', places = finishedTexts }) end
return { 'reconciled', finished, adopted, toEnd, unknown }
