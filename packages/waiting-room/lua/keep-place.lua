-- purpose: signs of life of places; answers their state and exact position
-- guarantees: a silent place is back at its old order; one that missed a call is not
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended present alive0 alive1 alive2 alive3
-- args: runId places...
-- reads: epoch next clock period
-- uses: fence words room standing presence
-- returns: { ok, rows of view or epoch | unknown | lost }
local rows = {}
for index = placesFrom, #ARGV do
  local place = ARGV[index]
  local state, score = standingOf(place)
  if isRefusal(state) then
    rows[#rows + 1] = state
  else
    rows[#rows + 1] = viewOf(place, giveSignOfLife(place, state, score), score)
  end
end
return { 'ok', rows }
