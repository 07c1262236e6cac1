-- B4: what a holder has of each limit. scope_id 'show/…' and 'event/…': live and sold seats of a person; 'attempts' and 'orders': holds
-- started and orders alive of an entry session (person = its sid). Rows are made at POST /entry, so that a hold only ever updates.
CREATE TABLE IF NOT EXISTS allowance (
  scope_id VARCHAR(54) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  person BINARY(16) NOT NULL,
  live SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (scope_id, person)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
