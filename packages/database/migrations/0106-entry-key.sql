-- Public halves of the keys that sign entry tokens, so that booking can check tokens while admission is away.
CREATE TABLE IF NOT EXISTS entry_key (
  kid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  jwk JSON NOT NULL,
  not_after DATETIME(3) NULL,
  published_at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
