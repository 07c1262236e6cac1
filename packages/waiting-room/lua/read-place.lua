-- purpose: state and exact position of places
-- guarantees: changes nothing; no sign of life; no position from data that were not adopted
-- flags: allow-oom
-- keys: room line absent called entered redeemed entries missed ended
-- args: runId places...
-- reads: epoch next clock
-- uses: fence words room standing
-- returns: { ok, rows of view or epoch | unknown | lost }
local rows = {}
for index = placesFrom, #ARGV do
  local state, score = standingOf(ARGV[index])
  rows[#rows + 1] = isRefusal(state) and state or viewOf(ARGV[index], state, score)
end
return { 'ok', rows }
