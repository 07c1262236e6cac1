-- What operators have decided about a waiting room; the durable copy. Redis gets it through the waiting room's `configure`.
CREATE TABLE IF NOT EXISTS room (
  room VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  name_ko VARCHAR(200) NOT NULL,
  name_en VARCHAR(200) NOT NULL,
  shows JSON NOT NULL,
  phase ENUM('scheduled', 'open', 'paused', 'closed') NOT NULL,
  opens_at DATETIME(3) NULL,
  rate_per_minute INT UNSIGNED NULL,
  capacity INT UNSIGNED NULL,
  call_ms INT UNSIGNED NOT NULL,
  max_misses SMALLINT UNSIGNED NOT NULL,
  absent_after_ms INT UNSIGNED NOT NULL,
  entry_token_ms INT UNSIGNED NOT NULL,
  session_max_ms INT UNSIGNED NOT NULL,
  identity ENUM('device', 'account') NOT NULL,
  rejoin BOOLEAN NOT NULL,
  version INT UNSIGNED NOT NULL,
  epoch INT UNSIGNED NOT NULL,
  CHECK (version >= 1 AND epoch BETWEEN 1 AND 2097151)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci
