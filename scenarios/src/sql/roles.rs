//! The roles that a script takes for granted.

use std::collections::BTreeSet;

use super::Statement;
use super::words::Words;

/// Names of the roles that must exist before these statements run: owners, grantees, members, policies' roles.
///
/// Names are as the server stores them. Left out are `PUBLIC`, `CURRENT_USER` and their like, the server's own
/// `pg_…` roles, and roles that the statements create themselves. What stands in the body of a function or of
/// a DO block does not count.
pub fn roles_named<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> BTreeSet<String> {
    let mut roles = Roles::default();
    for statement in statements {
        roles.read(&Words::of(&statement.text, statement.standard_strings));
    }
    roles.named.difference(&roles.created).cloned().collect()
}

#[derive(Default)]
struct Roles {
    named: BTreeSet<String>,
    created: BTreeSet<String>,
}

impl Roles {
    fn read(&mut self, words: &Words<'_>) {
        let object = words.text(1).to_ascii_lowercase();
        let maps_user = words.run(1, &["user", "mapping"]);
        let is_role = ["role", "user", "group"].contains(&object.as_str()) && !maps_user;
        match words.text(0).to_ascii_lowercase().as_str() {
            "create" | "alter" | "drop" if maps_user => {
                if let Some(user) = words.find(3, &["for"]).filter(|user| !words.is(user + 1, "user")) {
                    self.list(words, user + 1);
                }
            }
            "create" if is_role => {
                self.created.extend(words.name(2));
                self.memberships(words);
            }
            "alter" if is_role => {
                if !words.is(2, "all") {
                    self.list(words, 2);
                }
                if object == "group" && words.is_any(3, &["add", "drop"]) {
                    self.list(words, 5);
                }
            }
            "create" | "alter" if object == "policy" && words.find(2, &["rename", "to"]).is_none() => {
                self.after(words, 2, &["to"]);
            }
            "create" if object == "schema" => {
                self.after(words, 2, &["authorization"]);
                self.grants(words);
            }
            "alter" if words.run(1, &["default", "privileges"]) => {
                self.after(words, 3, &["for", "role"]);
                self.after(words, 3, &["for", "user"]);
                self.grants(words);
            }
            "alter" => self.owner(words),
            "grant" | "revoke" => self.grants(words),
            "set" => self.set(words),
            "comment" | "security" => self.after(words, 1, &["on", "role"]),
            "drop" if object == "owned" => self.list(words, 3),
            "reassign" => {
                self.list(words, 3);
                self.after(words, 3, &["to"]);
            }
            _ => {}
        }
    }

    /// `OWNER TO role`; but `RENAME owner TO name` is about a column.
    fn owner(&mut self, words: &Words<'_>) {
        let Some(owner) = words.find(2, &["owner", "to"]) else { return };
        let column = words.is_any(owner - 1, &["column", "constraint", "attribute"]);
        if !words.is(owner - 1 - usize::from(column), "rename") {
            self.list(words, owner + 2);
        }
    }

    /// Every GRANT and REVOKE of a statement that may have several.
    fn grants(&mut self, words: &Words<'_>) {
        let starts: Vec<usize> = words
            .outside_parentheses(0)
            .filter(|&at| words.is_any(at, &["grant", "revoke"]) && !words.is(at + 1, "option"))
            .collect();
        for at in starts {
            let preposition = if words.is(at, "grant") { "to" } else { "from" };
            let Some(to) = words.find(at, &[preposition]) else { continue };
            let names_object = words.find(at, &["on"]).is_some_and(|on| on < to);
            if !names_object {
                // Membership: what is granted is a role as well.
                let option = words.is(at + 2, "option") && words.is(at + 3, "for");
                self.list(words, at + 1 + if option { 3 } else { 0 });
            }
            self.list(words, to + 1);
            self.after(words, to, &["granted", "by"]);
        }
    }

    /// `IN ROLE a, b`, `ROLE c`, `ADMIN d` of CREATE ROLE.
    fn memberships(&mut self, words: &Words<'_>) {
        for at in words.outside_parentheses(3) {
            if words.is_any(at, &["role", "group", "user", "admin"]) {
                self.list(words, at + 1);
            }
        }
    }

    /// `SET [SESSION | LOCAL] ROLE x` and `SESSION AUTHORIZATION x`, as commands and as settings.
    fn set(&mut self, words: &Words<'_>) {
        let mut at = 1;
        if words.is_any(1, &["session", "local"]) && !words.run(1, &["session", "authorization"]) {
            at = 2;
        }
        let value = if words.run(at, &["session", "authorization"]) {
            at + 2
        } else if words.is_any(at, &["role", "session_authorization"]) {
            at + 1 + usize::from(words.is(at + 1, "to") || words.is_symbol(at + 1, b'='))
        } else {
            return;
        };
        if words.is_any(value, &["none", "default"]) {
            return;
        }
        match words.string(value) {
            Some(role) => self.add(role),
            None => self.list(words, value),
        }
    }

    /// The roles listed after these keywords, wherever they first stand.
    fn after(&mut self, words: &Words<'_>, from: usize, keywords: &[&str]) {
        if let Some(at) = words.find(from, keywords) {
            self.list(words, at + keywords.len());
        }
    }

    /// A list of roles, `GROUP x` among them.
    fn list(&mut self, words: &Words<'_>, from: usize) {
        let mut at = from;
        loop {
            at = words.skip(at, "group");
            let Some(name) = words.name(at) else { return };
            if !words.is_any(at, &["current_user", "current_role", "session_user"]) {
                self.add(name);
            }
            if !words.is_symbol(at + 1, b',') {
                return;
            }
            at += 2;
        }
    }

    fn add(&mut self, role: String) {
        let is_special = role.starts_with("pg_") || ["public", "none"].contains(&role.as_str());
        if !is_special {
            self.named.insert(role);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::Source;
    use crate::sql::split;

    fn roles(text: &str) -> String {
        let source = Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() });
        roles_named(&split(&source).0).into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_statement_that_needs_a_role_names_it() {
        let cases = [
            ("ALTER TABLE public.t OWNER TO App", "app"),
            ("ALTER TABLE t ADD COLUMN a int, OWNER TO \"App User\"", "App User"),
            ("ALTER FUNCTION f(owner text) OWNER TO app", "app"),
            ("ALTER DATABASE d OWNER TO CURRENT_USER", ""),
            ("ALTER TABLE t RENAME COLUMN owner TO holder", ""),
            ("ALTER TABLE t RENAME owner TO holder", ""),
            (
                "GRANT SELECT, INSERT (a, b) ON TABLE t TO reader, GROUP writer, PUBLIC WITH GRANT OPTION",
                "reader writer",
            ),
            ("GRANT ALL ON FUNCTION f(a int, b text) TO app GRANTED BY boss", "app boss"),
            ("GRANT USAGE ON SCHEMA \"to\" TO app", "app"),
            ("REVOKE GRANT OPTION FOR ALL ON SCHEMA public FROM PUBLIC, app CASCADE", "app"),
            ("REVOKE ADMIN OPTION FOR staff FROM joe", "joe staff"),
            ("GRANT staff, pg_read_all_data TO joe WITH ADMIN OPTION", "joe staff"),
            ("GRANT pg_monitor TO pg_read_all_stats", ""),
            ("ALTER DEFAULT PRIVILEGES FOR ROLE a, b IN SCHEMA s GRANT SELECT ON TABLES TO c", "a b c"),
            ("ALTER DEFAULT PRIVILEGES FOR USER a REVOKE ALL ON FUNCTIONS FROM PUBLIC", "a"),
            ("SET ROLE app", "app"),
            ("SET LOCAL ROLE 'App'", "App"),
            ("SET ROLE NONE", ""),
            ("SET role = app", "app"),
            ("SET SESSION AUTHORIZATION 'app'", "app"),
            ("SET SESSION SESSION AUTHORIZATION app", "app"),
            ("SET SESSION AUTHORIZATION DEFAULT", ""),
            ("SET SESSION lock_timeout = 1", ""),
            ("CREATE SCHEMA IF NOT EXISTS AUTHORIZATION app", "app"),
            ("CREATE SCHEMA s AUTHORIZATION app CREATE TABLE t () GRANT SELECT ON t TO reader", "app reader"),
            (
                "CREATE POLICY p ON t AS PERMISSIVE FOR ALL TO app, \"Other\" USING (a = current_user)",
                "Other app",
            ),
            ("CREATE POLICY p ON t USING (true)", ""),
            ("ALTER POLICY p ON t TO app", "app"),
            ("ALTER POLICY p ON t RENAME TO q", ""),
            ("CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'x')", "app"),
            ("CREATE USER MAPPING FOR USER SERVER s", ""),
            ("CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER s", ""),
            ("REASSIGN OWNED BY old TO new", "new old"),
            ("DROP OWNED BY old, CURRENT_ROLE", "old"),
            ("COMMENT ON ROLE app IS 'owns it'", "app"),
            ("ALTER ROLE app SET search_path = public", "app"),
            ("ALTER ROLE ALL SET search_path = public", ""),
            ("ALTER GROUP staff ADD USER joe, jane", "jane joe staff"),
            ("CREATE ROLE app LOGIN IN ROLE staff, other ADMIN boss", "boss other staff"),
            ("ALTER TABLE t OWNER TO U&\"d\\0061ta\"", "data"),
            ("ALTER TABLE t RENAME TO app", ""),
            ("INSERT INTO t SELECT 'OWNER TO app'", ""),
        ];
        for (sql, expected) in cases {
            assert_eq!(roles(sql), expected, "{sql}");
        }
    }

    #[test]
    fn bodies_and_comments_name_nobody() {
        let sql =
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$BEGIN GRANT ALL ON t TO ghost; END$$;
            DO $$BEGIN ALTER TABLE t OWNER TO ghost; END$$; -- ALTER TABLE t OWNER TO ghost;
            /* SET ROLE ghost; */ SELECT 'SET ROLE ghost';";
        assert_eq!(roles(sql), "");
    }

    #[test]
    fn roles_that_the_script_creates_are_not_asked_for() {
        assert_eq!(
            roles("CREATE ROLE app; CREATE USER joe IN ROLE app; ALTER TABLE t OWNER TO app; SET ROLE x;"),
            "x"
        );
    }
}
