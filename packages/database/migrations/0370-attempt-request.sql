-- Mark of the request that opened the attempt under its Idempotency-Key; empty for attempts from before.
ALTER TABLE payment_attempt ADD COLUMN request CHAR(22) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
