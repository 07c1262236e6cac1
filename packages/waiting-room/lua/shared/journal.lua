-- The journal (src/read-journal.ts). Needs keyJournal. Numbers of places go as text: cjson prints 14 digits only.
local function writeJournal(kind, clock, entry)
  redis.call('XADD', keyJournal, 'MAXLEN', '~', JOURNAL_LENGTH_MAX, '*', 'kind', kind, 'clock', textOf(clock), 'entry', cjson.encode(entry))
end
