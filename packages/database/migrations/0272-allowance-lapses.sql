-- Holds of this person in this show that lapsed, ever (rows of scope 'show/…'): who has few is not looked up in seat_lapse.
ALTER TABLE allowance ADD COLUMN lapses SMALLINT UNSIGNED NOT NULL DEFAULT 0
