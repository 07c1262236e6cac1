-- What became of a closed room in one epoch: its figures, written once nobody in it holds a slot, and when its data left Redis.
CREATE TABLE IF NOT EXISTS room_report (
  room VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch INT UNSIGNED NOT NULL,
  reported_at DATETIME(3) NOT NULL,
  left_at DATETIME(3) NULL,
  report JSON NOT NULL,
  PRIMARY KEY (room, epoch),
  KEY by_leaving (left_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
