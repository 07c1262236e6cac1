/** A statement that reads many rows on purpose, matched without its values, with its reason and its bound. A small table is no reason. */
export type AllowedScan = { readonly statement: RegExp; readonly because: string };

export const SCANS_ALLOWED: readonly AllowedScan[] = [
  { statement: /^\/\* audit \*\//, because: 'the auditor reads what it judges whole; how often, its loop says' },
  {
    statement: /^SELECT seat_no, state, LEFT\(claim, \?\) FROM seat WHERE show_id = \? ORDER BY seat_no$/,
    because: 'the map of a show is every seat of it: at the start of a process and every 30 s',
  },
  {
    statement: /^SELECT (?:state, )?COUNT\(\*\) AS (?:seats|orders) FROM (?:seat|ticket_order) WHERE .*show_id IN \(\?\)/,
    because: 'the gauges of operators count seats and orders of the shows they watch: one process, not fans',
  },
  {
    statement: /^DELETE FROM \w+ WHERE (?:show_id|scope_id) = \? LIMIT \?$/,
    because: 'a demonstration or rehearsal is erased whole, 5,000 rows at a time; real sales never are',
  },
  {
    statement: /^SELECT event_id, \(SELECT COUNT\(\*\) FROM show_sale o WHERE o\.event_id = s\.event_id\) FROM show_sale s WHERE show_id = \?$/,
    because: 'the shows of one event, when a demonstration is erased',
  },
  { statement: /^SELECT COALESCE\(SUM\(state = \?\), \?\) AS confirming,/, because: 'attempts in states that come to an end by themselves' },
  { statement: /^select .* from `entry_key` /, because: 'public keys: a handful, and old ones leave (packages/control)' },
  { statement: /^select `digest`, .* from `finding` order by/, because: 'broken invariants: hundreds at the worst, and old ones leave (the pruner)' },
  { statement: /^select `room`\.`room`, TIMESTAMPDIFF.* from `room` left join `audit_look`/, because: 'one row a room, at most 1,000' },
  { statement: /^select `room_report`\..* from `room` inner join `room_report`/, because: 'one row a room, at most 1,000, when an operator lists the rooms' },
  { statement: /^DELETE FROM allowance WHERE scope_id = \? AND live = \? LIMIT \?$/, because: 'each show once, a month after its sale, 1,000 rows at a time' },
  { statement: /^SELECT NOT EXISTS \(SELECT \? FROM show_sale o WHERE o\.event_id = \?/, because: 'the shows of one event, once a show' },
  { statement: /^DELETE FROM entry_key WHERE not_after < /, because: 'public keys: a handful' },
];
