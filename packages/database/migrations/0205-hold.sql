-- No secondary UNIQUE: its duplicate check takes shared locks and deadlocks under load.
CREATE TABLE IF NOT EXISTS hold (
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id BINARY(16) NOT NULL,
  person BINARY(16) NOT NULL,
  session BINARY(16) NULL,
  state ENUM('live', 'confirming', 'settled', 'released', 'expired') NOT NULL,
  seats JSON NOT NULL,
  order_id BINARY(16) NULL,
  attempt BINARY(16) NULL,
  lengthened BOOLEAN NOT NULL,
  awaiting BOOLEAN NOT NULL,
  swaps SMALLINT UNSIGNED NOT NULL,
  until_at DATETIME(3) NOT NULL,
  made_at DATETIME(3) NOT NULL,
  PRIMARY KEY (show_id, id),
  KEY by_state (state, until_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
