ALTER TABLE users RENAME COLUMN username TO display_name;
