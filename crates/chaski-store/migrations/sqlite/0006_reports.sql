-- Receipts that stand for everything up to a moment.

-- How far the provider has reported: whatever was called by then counts, also when its end is stored later.
ALTER TABLE lanes ADD COLUMN delivered_up_to INTEGER;
ALTER TABLE lanes ADD COLUMN read_up_to INTEGER;
-- When it was sent by the provider's clock or, until that is known, called by ours; only of kinds that report so.
ALTER TABLE parts ADD COLUMN followed_at INTEGER;
CREATE INDEX parts_followed ON parts (lane_id, followed_at) WHERE followed_at IS NOT NULL;
