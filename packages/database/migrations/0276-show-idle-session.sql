-- How long an entry session may hold nothing before it ends and its slot goes to the next fan.
ALTER TABLE show_sale ADD COLUMN idle_session_ms INT UNSIGNED NOT NULL DEFAULT 300000
