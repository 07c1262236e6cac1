-- B6: amounts of one seat, fixed when the order is made.
CREATE TABLE IF NOT EXISTS order_line (
  order_id BINARY(16) NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seat_no INT UNSIGNED NOT NULL,
  grade VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  face INT UNSIGNED NOT NULL,
  fee INT UNSIGNED NOT NULL,
  coupon INT UNSIGNED NOT NULL,
  points INT UNSIGNED NOT NULL,
  paid INT UNSIGNED NOT NULL,
  state ENUM('open', 'paid', 'cancelling', 'cancelled') NOT NULL,
  refunded INT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id, line),
  KEY by_seat (show_id, seat_no),
  CONSTRAINT line_sum CHECK (paid + coupon + points = face + fee),
  CONSTRAINT line_refund CHECK (refunded <= paid)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
