-- purpose: takes a room that is over out of Redis
-- guarantees: only a closed room of the epoch named, in which nobody holds a slot; all of its keys or none
-- flags: allow-oom
-- keys: room line absent called entered redeemed who entries missed ended present heard silent alive0 alive1 alive2 alive3
--   batches pace recent journal
-- args: runId epoch:number
-- reads: epoch phase
-- uses: fence room
-- returns: { retired | epoch | not-closed | in-use | fenced | no-room }
-- guard: epoch
if room.epoch ~= epoch then return { 'epoch' } end
-- end guard: epoch
-- guard: closed
if room.phase ~= 'closed' then return { 'not-closed' } end
-- end guard: closed
-- guard: slots
if redis.call('ZCARD', keyCalled) + redis.call('ZCARD', keyEntered) + redis.call('ZCARD', keyRedeemed) > 0 then return { 'in-use' } end
-- end guard: slots
-- Memory is freed by a thread of Redis: what a script pays is the number of keys, however many fans stand in them.
redis.call('UNLINK', unpack(KEYS))
return { 'retired' }
