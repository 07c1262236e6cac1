-- purpose: makes the redeemed places equal to the sessions that live at booking
-- guarantees: a place without a session is ended only when its token's minutes were over well before the sessions were listed;
--   an ended place is never brought back
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present journal
-- args: runId sinceClock:number steps...
-- reads: epoch next clock
-- uses: fence words room standing ending journal
-- returns: { reconciled, finished, lapsed, adopted, toEnd, unknown }
local ended, texts = { finished = {}, lapsed = {} }, { finished = {}, lapsed = {} }
local adopted, toEnd, unknown = {}, {}, {}
local function finish(place, kind)
  endPlace(place, kind)
  table.insert(ended[kind], tonumber(place))
  table.insert(texts[kind], place)
end
for index = stepsFrom, #ARGV, 5 do
  local step, place = ARGV[index], ARGV[index + 1]
  local state, score = standingOf(place)
  if step == 'finish' then
    if state == 'redeemed' then finish(place, 'finished') end
  elseif step == 'lapse' then
    local opensUntil = entryOf(place).opensUntil or 0
    -- guard: minutes
    if opensUntil >= sinceClock - RECONCILE_GRACE_MS then state = 'opening' end
    -- end guard: minutes
    if state == 'redeemed' then finish(place, 'lapsed') end
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
for _, kind in ipairs({ 'finished', 'lapsed' }) do
  if #texts[kind] > 0 then writeJournal('end', room.clock, { ['end'] = kind, by = 'reconcile', places = texts[kind] }) end
end
return { 'reconciled', ended.finished, ended.lapsed, adopted, toEnd, unknown }
