-- The most attempts that a session of this show was ever allowed: lowering the limit breaks no promise about those who are above it already (B4).
ALTER TABLE show_sale ADD COLUMN attempts_most SMALLINT UNSIGNED NOT NULL DEFAULT 0
