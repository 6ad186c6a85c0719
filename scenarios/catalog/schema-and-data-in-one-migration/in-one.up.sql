ALTER TABLE users ADD COLUMN email_domain text;
UPDATE users SET email_domain = split_part(email, '@', 2);
ALTER TABLE users ALTER COLUMN email_domain SET NOT NULL;
