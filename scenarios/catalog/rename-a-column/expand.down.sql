SET lock_timeout = '1s';

DROP TRIGGER users_one_name ON users;
DROP FUNCTION users_one_name();
ALTER TABLE users DROP COLUMN display_name;
