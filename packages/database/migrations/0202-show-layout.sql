-- The static layout document of a show (LayoutDoc), apart from its terms because it is large and never changes.
CREATE TABLE IF NOT EXISTS show_layout (
  show_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  doc JSON NOT NULL,
  PRIMARY KEY (show_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
