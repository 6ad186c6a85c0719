SET lock_timeout = '1s';

ALTER TABLE users ALTER COLUMN points_big DROP NOT NULL;
