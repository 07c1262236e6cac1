-- What each version changed: 8 bytes a seat, little-endian: seat_no * 4 + state, then the claim's first 4 bytes. Pruned after 10 minutes.
CREATE TABLE IF NOT EXISTS seat_delta (
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version BIGINT UNSIGNED NOT NULL,
  changes MEDIUMBLOB NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (show_id, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
