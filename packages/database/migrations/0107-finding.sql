-- Invariants that the auditor saw broken. One row per invariant and detail, however often it is seen.
CREATE TABLE IF NOT EXISTS finding (
  digest BINARY(32) NOT NULL PRIMARY KEY,
  invariant VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  detail VARCHAR(500) NOT NULL,
  first_at DATETIME(3) NOT NULL,
  last_at DATETIME(3) NOT NULL,
  seen INT UNSIGNED NOT NULL,
  KEY by_time (last_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
