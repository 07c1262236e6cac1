-- B3: money the provider captured for us, and how much of it has gone back. One row for each attempt that ever captured.
CREATE TABLE IF NOT EXISTS payment (
  order_id BINARY(16) NOT NULL,
  n TINYINT UNSIGNED NOT NULL,
  payment_key VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount INT UNSIGNED NOT NULL,
  refunded INT UNSIGNED NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  method VARCHAR(40) NULL,
  transaction_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  secret VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
  receipt_url VARCHAR(500) NULL,
  approved_at VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  captured_at DATETIME(3) NOT NULL,
  cancelled_at DATETIME(3) NULL,
  PRIMARY KEY (order_id, n),
  KEY by_time (captured_at),
  CONSTRAINT payment_refund CHECK (refunded <= amount)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
