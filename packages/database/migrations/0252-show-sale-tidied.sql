-- Set once nothing more of a show whose sale is long over can leave: the pruner need not look at it again.
ALTER TABLE show_sale ADD COLUMN tidied_at DATETIME(3) NULL, ADD KEY to_tidy (tidied_at, closes_at)
