-- "My holds": without it every hold of the show was read for each fan who looks at the page.
ALTER TABLE hold ADD KEY by_session (show_id, session)
