-- Idempotency-Keys that made or changed the hold, each with the hash of its request: 'key:request key:request …'; see booking's keyed-request.ts.
ALTER TABLE hold ADD COLUMN requests VARCHAR(1500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
