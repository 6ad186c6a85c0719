-- Walks the key, so that it ends whatever is in the rows; each batch is a transaction of its own.
DO $$
DECLARE
    done bigint := 0;
    last bigint := (SELECT max(id) FROM users);
BEGIN
    WHILE done < last LOOP
        UPDATE users SET email_domain = split_part(email, '@', 2)
        WHERE id > done AND id <= done + 5000 AND email_domain IS NULL;
        COMMIT;
        done := done + 5000;
    END LOOP;
END $$;
