UPDATE users SET normalized_email = lower(email);
