-- A published show as booking sells it. Owned by booking's show-book and publish-show.
CREATE TABLE IF NOT EXISTS show_sale (
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_name JSON NOT NULL,
  venue_name JSON NOT NULL,
  state ENUM('publishing', 'on-sale', 'cancelled') NOT NULL,
  starts_at DATETIME(3) NOT NULL,
  opens_at DATETIME(3) NOT NULL,
  closes_at DATETIME(3) NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  per_order SMALLINT UNSIGNED NOT NULL,
  per_person_and_show SMALLINT UNSIGNED NOT NULL,
  per_person_and_event SMALLINT UNSIGNED NOT NULL,
  attempts_per_session SMALLINT UNSIGNED NOT NULL,
  orders_per_entry SMALLINT UNSIGNED NOT NULL,
  orphan_rule BOOLEAN NOT NULL,
  fee_policy INT UNSIGNED NOT NULL,
  seats INT UNSIGNED NOT NULL,
  layout_version CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  published_at DATETIME(3) NULL,
  PRIMARY KEY (show_id),
  KEY by_event (event_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
