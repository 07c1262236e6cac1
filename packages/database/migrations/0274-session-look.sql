-- When it is next looked at whether the session holds anything; null: never again.
ALTER TABLE entry_session ADD COLUMN look_at DATETIME(3) NULL, ADD KEY by_look (look_at)
