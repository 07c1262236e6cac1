CREATE TABLE IF NOT EXISTS session_end (
  sid BINARY(16) NOT NULL,
  reason ENUM('finished', 'left', 'revoked', 'expired') NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (sid),
  KEY by_at (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
