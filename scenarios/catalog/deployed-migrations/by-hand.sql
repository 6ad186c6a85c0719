-- What somebody typed into psql last Friday.
ALTER TABLE users ADD COLUMN phone text;
