-- Mark of the request that made the order under its Idempotency-Key; empty for orders from before.
ALTER TABLE ticket_order ADD COLUMN request CHAR(22) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
