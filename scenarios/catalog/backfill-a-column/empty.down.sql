-- Walks the key, so that it ends whatever is in the rows; each batch is a transaction of its own.
DO $$
DECLARE
    done bigint := 0;
    last bigint := (SELECT max(id) FROM users);
BEGIN
    WHILE done < last LOOP
        UPDATE users SET normalized_email = NULL
        WHERE id > done AND id <= done + 5000 AND normalized_email IS NOT NULL;
        COMMIT;
        done := done + 5000;
    END LOOP;
END $$;
