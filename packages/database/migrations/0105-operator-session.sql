-- Signed-in operators. Only the SHA-256 of a token is kept, so a copy of this table signs nobody in.
CREATE TABLE IF NOT EXISTS operator_session (
  token_hash BINARY(32) NOT NULL PRIMARY KEY,
  name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  made_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  KEY by_name (name),
  KEY by_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
