-- When the auditor last finished looking at a room's journal: without it, nothing found and nobody looking are the same.
CREATE TABLE IF NOT EXISTS audit_look (
  room VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
