-- Changes leave by their age, whatever show they are of.
ALTER TABLE seat_delta ADD KEY by_at (at)
