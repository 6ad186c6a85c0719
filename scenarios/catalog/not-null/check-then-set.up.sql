-- SET NOT NULL alone reads the table while nobody may use it; where a constraint is known to hold it need not.
SET lock_timeout = '1s';

BEGIN;
ALTER TABLE users ADD CONSTRAINT users_country_not_null CHECK (country IS NOT NULL) NOT VALID;
COMMIT;

BEGIN;
ALTER TABLE users VALIDATE CONSTRAINT users_country_not_null;
COMMIT;

BEGIN;
ALTER TABLE users ALTER COLUMN country SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_country_not_null;
COMMIT;
