-- Money owed back from one payment. It has no failed state: due until it is done.
CREATE TABLE IF NOT EXISTS refund (
  order_id BINARY(16) NOT NULL,
  n TINYINT UNSIGNED NOT NULL,
  refund_no SMALLINT UNSIGNED NOT NULL,
  amount INT UNSIGNED NOT NULL,
  reason VARCHAR(200) NOT NULL,
  state ENUM('due', 'done') NOT NULL,
  balance_before INT UNSIGNED NULL,
  asks SMALLINT UNSIGNED NOT NULL,
  key_no SMALLINT UNSIGNED NOT NULL,
  last_was_error BOOLEAN NOT NULL,
  last_code VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NULL,
  attention BOOLEAN NOT NULL,
  transaction_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  made_at DATETIME(3) NOT NULL,
  done_at DATETIME(3) NULL,
  PRIMARY KEY (order_id, n, refund_no),
  KEY by_state (state, made_at),
  CONSTRAINT refund_amount CHECK (amount > 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
