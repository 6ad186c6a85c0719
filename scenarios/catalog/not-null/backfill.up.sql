-- Walks the key, so that it ends whatever is in the rows; each batch is a transaction of its own.
DO $$
DECLARE
    done bigint := 0;
    last bigint := (SELECT max(id) FROM users);
BEGIN
    WHILE done < last LOOP
        UPDATE users SET country = 'unknown'
        WHERE id > done AND id <= done + 20000 AND country IS NULL;
        COMMIT;
        done := done + 20000;
    END LOOP;
END $$;
