-- How often a person has let a seat lapse, and when last. Written under the person's allowance row; an hour later nobody asks for it.
CREATE TABLE IF NOT EXISTS seat_lapse (
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  person BINARY(16) NOT NULL,
  seat_no INT UNSIGNED NOT NULL,
  lapses SMALLINT UNSIGNED NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (show_id, person, seat_no),
  KEY by_time (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
