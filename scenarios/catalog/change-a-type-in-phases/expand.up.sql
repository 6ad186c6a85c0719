SET lock_timeout = '1s';

ALTER TABLE users ADD COLUMN points_big bigint;
-- For new rows alone: those that are there stay NULL until they are filled.
ALTER TABLE users ALTER COLUMN points_big SET DEFAULT 0;
