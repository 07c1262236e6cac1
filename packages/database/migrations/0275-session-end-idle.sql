-- 'idle': the session held nothing for too long.
ALTER TABLE session_end MODIFY COLUMN reason ENUM('finished', 'left', 'revoked', 'expired', 'idle') NOT NULL
