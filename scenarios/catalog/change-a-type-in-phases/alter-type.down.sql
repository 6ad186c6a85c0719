ALTER TABLE users ALTER COLUMN points TYPE integer;
