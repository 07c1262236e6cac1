import type { Queryable } from '@onsale/database';
import type { ShowId } from '@onsale/kernel';
import { readArrays } from './lock-rows.ts';

export type Violation = { readonly invariant: 'B1' | 'B2' | 'B3' | 'B4' | 'B6'; readonly detail: string };
type Check = { readonly invariant: Violation['invariant']; readonly what: string; readonly sql: string };

const PER_CHECK_MAX = 20;

/**
 * Reads the booking tables in one consistent snapshot and names what breaks an invariant: nothing, whenever it runs. Ids of holds and
 * orders appear in the details, persons never. For the auditor, after every rehearsal, and at the end of every race test.
 *
 * B2 and the recovery of lost COMMITs leave no trace of their own here: what they promise is that the rows below agree.
 */
export async function findViolations(session: Queryable, show?: ShowId): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const { invariant, what, sql } of CHECKS) {
    const narrowed = sql.replaceAll('/*show*/', show === undefined ? '' : 'AND show_id = ?');
    const values = show === undefined ? [] : Array.from(narrowed.matchAll(/AND show_id = \?/g), () => show);
    const rows = await readArrays<(string | number | null)[]>(session, `/* audit */ ${narrowed} LIMIT ${PER_CHECK_MAX}`, values);
    for (const row of rows) found.push({ invariant, detail: `${what}: ${row.join(' ')}` });
  }
  return found;
}

const CHECKS: readonly Check[] = [
  {
    invariant: 'B1',
    what: 'a claimed seat whose hold does not own it',
    sql: `SELECT s.show_id, s.seat_no, s.state FROM (SELECT * FROM seat WHERE claim IS NOT NULL /*show*/) s
      LEFT JOIN hold h ON h.show_id = s.show_id AND h.id = s.claim
      WHERE h.id IS NULL OR NOT JSON_CONTAINS(h.seats, CAST(s.seat_no AS CHAR))
        OR (s.state = 'held') <> (h.state IN ('live', 'confirming')) OR (s.state = 'sold') <> (h.state = 'settled')`,
  },
  {
    invariant: 'B1',
    what: 'a hold that owns other than its seats',
    // Counted on both sides and compared by grouping: joining the two has no index to go by, and took half a minute on 5,000 holds.
    sql: `SELECT x.show_id, HEX(x.id), SUM(x.listed), SUM(x.owned) FROM (
        SELECT show_id, id, JSON_LENGTH(seats) AS listed, 0 AS owned FROM hold WHERE state IN ('live', 'confirming', 'settled') /*show*/
        UNION ALL SELECT show_id, claim, 0, 1 FROM seat WHERE claim IS NOT NULL /*show*/) x
      GROUP BY x.show_id, x.id HAVING SUM(x.listed) <> SUM(x.owned)`,
  },
  {
    invariant: 'B1',
    what: 'a seat without a claim that a hold owns, or the reverse',
    sql: "SELECT show_id, seat_no, state FROM seat WHERE (state IN ('held', 'sold')) <> (claim IS NOT NULL) /*show*/",
  },
  {
    invariant: 'B1',
    what: 'a seat with two valid tickets',
    sql: "SELECT show_id, seat_no, COUNT(*) FROM ticket WHERE state IN ('valid', 'used', 'suspended') /*show*/ GROUP BY show_id, seat_no HAVING COUNT(*) > 1",
  },
  {
    invariant: 'B1',
    what: 'a ticket for a seat that is not sold by the hold of its order',
    sql: `SELECT t.show_id, t.seat_no, s.state FROM (SELECT * FROM ticket WHERE state IN ('valid', 'used', 'suspended') /*show*/) t
      JOIN ticket_order o ON o.id = t.order_id JOIN seat s ON s.show_id = t.show_id AND s.seat_no = t.seat_no WHERE s.state <> 'sold' OR s.claim <> o.hold_id`,
  },
  {
    invariant: 'B3',
    what: 'a paid order with an open line, or a line that is paid without a ticket',
    sql: `SELECT HEX(o.id), o.state, l.line, l.state FROM (SELECT * FROM ticket_order WHERE state = 'paid' /*show*/) o JOIN order_line l ON l.order_id = o.id
      WHERE l.state = 'open' OR (l.state = 'paid' AND NOT EXISTS (SELECT 1 FROM ticket t WHERE t.order_id = o.id AND t.line = l.line AND t.state <> 'void'))`,
  },
  {
    invariant: 'B3',
    what: 'an order and its hold disagree',
    sql: `SELECT HEX(o.id), o.state, h.state FROM (SELECT * FROM ticket_order WHERE 1 = 1 /*show*/) o JOIN hold h ON h.show_id = o.show_id AND h.id = o.hold_id
      WHERE (o.state IN ('open', 'paying') AND h.state <> 'live') OR (o.state IN ('confirming', 'awaiting-deposit') AND h.state <> 'confirming')
        OR (o.state = 'paid' AND h.state <> 'settled') OR (o.state IN ('cancelled', 'expired') AND h.state IN ('live', 'confirming', 'settled'))
        OR NOT (h.order_id <=> o.id)`,
  },
  {
    invariant: 'B4',
    what: 'more seats for one person and show than the limit, or counted wrong',
    sql: `SELECT x.show_id, SUM(x.live), SUM(x.counted), MAX(t.per_person_and_show) FROM (
        SELECT s.show_id, a.person, a.live, 0 AS counted FROM (SELECT show_id FROM show_sale WHERE 1 = 1 /*show*/) s
          JOIN allowance a ON a.scope_id = CONCAT('show/', s.show_id)
        UNION ALL SELECT show_id, person, 0, JSON_LENGTH(seats) FROM hold WHERE state IN ('live', 'confirming', 'settled') /*show*/) x
      JOIN show_sale t ON t.show_id = x.show_id
      GROUP BY x.show_id, x.person HAVING SUM(x.live) <> SUM(x.counted) OR SUM(x.live) > MAX(t.per_person_and_show)`,
  },
  {
    invariant: 'B4',
    what: 'a hold whose person has no allowance row',
    sql: `SELECT h.show_id, HEX(h.id) FROM (SELECT * FROM hold WHERE state IN ('live', 'confirming', 'settled') /*show*/) h
      LEFT JOIN allowance a ON a.scope_id = CONCAT('show/', h.show_id) AND a.person = h.person WHERE a.person IS NULL`,
  },
  {
    invariant: 'B4',
    what: 'more seats for one person and event than the limit, or counted wrong',
    sql: `SELECT x.event_id, SUM(x.live), SUM(x.counted), MAX(x.most) FROM (
        SELECT e.event_id, a.person, a.live, 0 AS counted, e.most
          FROM (SELECT event_id, MAX(per_person_and_event) AS most FROM show_sale WHERE 1 = 1 /*show*/ GROUP BY event_id) e
          JOIN allowance a ON a.scope_id = CONCAT('event/', e.event_id)
        UNION ALL SELECT t.event_id, h.person, 0, JSON_LENGTH(h.seats), 0 FROM hold h JOIN show_sale t ON t.show_id = h.show_id
          WHERE h.state IN ('live', 'confirming', 'settled') AND t.event_id IN (SELECT event_id FROM show_sale WHERE 1 = 1 /*show*/)) x
      GROUP BY x.event_id, x.person HAVING SUM(x.live) <> SUM(x.counted) OR SUM(x.live) > MAX(x.most)`,
  },
  {
    invariant: 'B4',
    what: 'a hold of more seats than one order may have',
    sql: `SELECT h.show_id, HEX(h.id), JSON_LENGTH(h.seats) FROM (SELECT * FROM hold WHERE 1 = 1 /*show*/) h
      JOIN show_sale t ON t.show_id = h.show_id WHERE JSON_LENGTH(h.seats) > t.per_order`,
  },
  {
    invariant: 'B4',
    what: 'a session with more attempts than the limit, or more than its holds explain',
    sql: `SELECT c.show_id, a.live, c.made, GREATEST(t.attempts_per_session, t.attempts_most) FROM
      (SELECT show_id, session, SUM(1 + swaps) AS made FROM hold WHERE session IS NOT NULL /*show*/ GROUP BY show_id, session) c
      JOIN show_sale t ON t.show_id = c.show_id JOIN allowance a ON a.scope_id = 'attempts' AND a.person = c.session
      WHERE a.live > GREATEST(t.attempts_per_session, t.attempts_most) OR a.live < c.made`,
  },
  {
    invariant: 'B6',
    what: 'an order whose amount is not the sum of its lines, or whose line is not its price',
    sql: `SELECT HEX(o.id), o.amount, SUM(l.paid) FROM (SELECT * FROM ticket_order WHERE 1 = 1 /*show*/) o JOIN order_line l ON l.order_id = o.id
      LEFT JOIN show_grade g ON g.show_id = o.show_id AND g.grade = l.grade
      GROUP BY o.id, o.amount HAVING o.amount <> SUM(l.paid)
        OR SUM(l.face = g.price AND l.fee = g.fee AND l.paid + l.coupon + l.points = l.face + l.fee) <> COUNT(*)`,
  },
  {
    invariant: 'B6',
    what: 'an order for other seats than its hold has',
    sql: `SELECT HEX(o.id), h.state FROM (SELECT * FROM ticket_order WHERE 1 = 1 /*show*/) o
      JOIN hold h ON h.show_id = o.show_id AND h.id = o.hold_id JOIN order_line l ON l.order_id = o.id
      WHERE l.state IN ('open', 'paid') AND h.state IN ('live', 'confirming', 'settled') AND NOT JSON_CONTAINS(h.seats, CAST(l.seat_no AS CHAR))
      GROUP BY o.id, h.state`,
  },
];
