-- The backstop of W6: a place enters once.
CREATE TABLE IF NOT EXISTS entry_session (
  room VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  place BIGINT UNSIGNED NOT NULL,
  sid BINARY(16) NOT NULL,
  person BINARY(16) NOT NULL,
  binding VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shows JSON NOT NULL,
  made_at DATETIME(3) NOT NULL,
  until_at DATETIME(3) NOT NULL,
  PRIMARY KEY (room, place),
  KEY by_sid (sid),
  KEY by_until (until_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
