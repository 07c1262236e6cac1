-- The highest incarnation of a room's data in Redis within its epoch, and the Redis process that it was given to. Redis may lose an adoption with its tail;
-- what is written here it cannot lose.
CREATE TABLE IF NOT EXISTS room_incarnation (
  room VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  epoch INT UNSIGNED NOT NULL,
  incarnation INT UNSIGNED NOT NULL,
  run_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
