-- B1: one row a seat, one claim a seat; the claim is the id of the hold that owns it.
CREATE TABLE IF NOT EXISTS seat (
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seat_no INT UNSIGNED NOT NULL,
  grade VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  state ENUM('free', 'held', 'sold', 'blocked') NOT NULL,
  claim BINARY(16) NULL,
  PRIMARY KEY (show_id, seat_no),
  CONSTRAINT seat_claim CHECK ((state IN ('held', 'sold')) = (claim IS NOT NULL))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
