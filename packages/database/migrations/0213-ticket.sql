CREATE TABLE IF NOT EXISTS ticket (
  id BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seat_no INT UNSIGNED NOT NULL,
  generation SMALLINT UNSIGNED NOT NULL,
  state ENUM('valid', 'used', 'suspended', 'void') NOT NULL,
  made_at DATETIME(3) NOT NULL,
  moved_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY by_line (order_id, line),
  KEY by_seat (show_id, seat_no),
  KEY by_show (show_id, moved_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
