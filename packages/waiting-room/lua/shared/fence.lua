-- The fence (README, "Losing Redis' tail"): needs keyRoom and runId, the run_id the caller's connection read. Data that were
-- not adopted from this very process may lack their newest part, and then promised numbers would be issued again.
local adoptedRunId = redis.call('HGET', keyRoom, 'runId')
if not adoptedRunId then return { 'no-room' } end
-- guard: fence
if adoptedRunId ~= runId then return { 'fenced' } end
-- end guard: fence
