SET lock_timeout = '1s';

ALTER TABLE users ADD COLUMN username text;

-- Whoever writes one of the two columns writes both: the old version of the application knows the one, the new the other.
CREATE FUNCTION users_one_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.display_name := COALESCE(NEW.display_name, NEW.username);
        NEW.username := COALESCE(NEW.username, NEW.display_name);
    ELSIF NEW.username IS DISTINCT FROM OLD.username THEN
        NEW.display_name := NEW.username;
    ELSIF NEW.display_name IS DISTINCT FROM OLD.display_name THEN
        NEW.username := NEW.display_name;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER users_one_name BEFORE INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION users_one_name();
