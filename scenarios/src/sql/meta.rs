//! psql's backslash commands: which may be left out, and which change what would run.

use std::ops::Range;

/// A backslash command as it stands in a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MetaCommand<'a> {
    /// Its name without the backslash.
    pub(super) name: &'a str,
    /// What follows on the line, up to the next command.
    pub(super) arguments: &'a str,
    /// The command and its arguments.
    pub(super) span: Range<usize>,
    /// Where the script goes on.
    pub(super) end: usize,
}

/// What a backslash command is to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// It changes nothing that runs.
    Harmless,
    /// It sends the statement before it, as `;` does.
    EndsStatement,
    /// It gives a psql variable a value.
    SetsVariable(&'a str),
    /// It changes what would run: what it does, and what to write instead.
    Refused { does: &'static str, help: &'static str },
    /// A warning: what it does, and what to know.
    Doubtful { does: &'static str, help: &'static str },
    /// psql has no such command.
    Unknown,
}

/// Reads the command whose backslash is at byte `at`.
pub(super) fn command_at(text: &str, at: usize) -> MetaCommand<'_> {
    let bytes = text.as_bytes();
    let name_at = at + 1;
    if matches!(bytes.get(name_at), Some(b';' | b':')) {
        let span = at..name_at + 1;
        return MetaCommand { name: &text[name_at..span.end], arguments: "", end: span.end, span };
    }
    let run = |from: usize, stop: fn(u8) -> bool| {
        bytes[from..].iter().position(|&byte| stop(byte)).map_or(bytes.len(), |found| from + found)
    };
    let name_end = run(name_at, |byte| byte.is_ascii_whitespace() || byte == b'\\');
    let mut end = name_end;
    // Arguments end with the line, or at the next backslash that no quote protects.
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'\n' | b'\r' | b'\\' => break,
            b'\'' | b'"' | b'`' => end = end_of_quote(bytes, end),
            _ => end += 1,
        }
    }
    let arguments = text[name_end..end].trim();
    let span = at..at + text[at..end].trim_end().len();
    // `\\` only separates a command from what follows it on the line.
    let end = if bytes[end..].starts_with(b"\\\\") { end + 2 } else { end };
    MetaCommand { name: &text[name_at..name_end], arguments, span, end }
}

fn end_of_quote(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut at = at + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => return at,
            b'\\' if quote == b'\'' => {
                let ends = matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r'));
                at += if ends { 1 } else { 2 };
            }
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}

const SHOWS_OR_FORMATS: &[&str] = &[
    "?",
    "C",
    "H",
    "T",
    "a",
    "cd",
    "conninfo",
    "copyright",
    "echo",
    "errverbose",
    "f",
    "h",
    "help",
    "html",
    "l",
    "l+",
    "list",
    "list+",
    "lo_list",
    "o",
    "out",
    "p",
    "print",
    "pset",
    "qecho",
    "r",
    "reset",
    "restrict",
    "s",
    "setenv",
    "sf",
    "sf+",
    "sv",
    "sv+",
    "t",
    "timing",
    "unrestrict",
    "unset",
    "w",
    "warn",
    "write",
    "x",
    "z",
    "zS",
];

/// psql's own variables that change what it shows, not what it runs.
const DISPLAY_VARIABLES: &[&str] = &[
    "COMP_KEYWORD_CASE",
    "ECHO",
    "ECHO_HIDDEN",
    "FETCH_COUNT",
    "HIDE_TABLEAM",
    "HIDE_TOAST_COMPRESSION",
    "HISTCONTROL",
    "HISTFILE",
    "HISTSIZE",
    "IGNOREEOF",
    "PROMPT1",
    "PROMPT2",
    "PROMPT3",
    "QUIET",
    "SHOW_ALL_RESULTS",
    "SHOW_CONTEXT",
    "VERBOSITY",
    "WATCH_INTERVAL",
];

impl<'a> MetaCommand<'a> {
    /// What the command is to us.
    pub(super) fn meaning(&self) -> Meaning<'a> {
        let refused = |does, help| Meaning::Refused { does, help };
        match self.name {
            "g" | "gx" | "crosstabview" => Meaning::EndsStatement,
            "set" => self.set(),
            "getenv" | "prompt" => match self.arguments.split_ascii_whitespace().next() {
                Some(name) if self.name == "getenv" => Meaning::SetsVariable(name),
                _ => refused("asks for a value while the script runs", "write the value where it is used"),
            },
            "encoding" => match self.arguments.to_ascii_lowercase().as_str() {
                "" | "utf8" | "utf-8" | "'utf8'" | "'utf-8'" | "unicode" => Meaning::Harmless,
                _ => refused(
                    "says that the script is not UTF-8",
                    "save the script as UTF-8 and remove this line",
                ),
            },
            "i" | "ir" | "include" | "include_relative" => refused(
                "runs another file, which is not read here",
                "put the statements of that file in its place, or list both files in the strategy",
            ),
            "if" | "elif" | "else" | "endif" => {
                refused("makes statements conditional", "keep only the statements that should run")
            }
            "gexec" => refused(
                "runs what the query returns as statements",
                "write a DO block that loops over the query and runs each with EXECUTE",
            ),
            "gset" => refused("stores a result in psql variables", "write the values where they are used"),
            "gdesc" => refused(
                "describes the statement instead of running it",
                "end the statement with ; or remove it",
            ),
            "watch" => refused("runs the statement again and again", "end the statement with ;"),
            "copy" => refused(
                "copies from or to a file on the client's side",
                "use COPY … FROM stdin; with the rows below it and a line with \\. after them",
            ),
            "c" | "connect" => refused(
                "connects to another database",
                "remove it (pg_dump writes it with --create): the rehearsal makes the database",
            ),
            "q" | "quit" => refused("ends the script here", "remove it and what follows"),
            "!" => refused("runs a shell command", "remove it"),
            "e" | "edit" | "ef" | "ev" => refused("opens an editor", "remove it"),
            "password" => refused("asks for a password", "use ALTER ROLE … PASSWORD, or remove it"),
            "lo_import" | "lo_export" | "lo_unlink" => {
                refused("handles a large object through the client", "use the server's lo_ functions")
            }
            "bind" | "bind_named" | "parse" | "close" | "close_prepared" | "sendpipeline"
            | "startpipeline" | "endpipeline" | "syncpipeline" | "flush" | "flushrequest" | "getresults" => {
                refused(
                    "sends the statement in psql's own way, with parameters or in a pipeline",
                    "write the values into the statement and end it with ;",
                )
            }
            ";" => refused("sends several statements as one", "end each statement with a plain ;"),
            ":" => refused("protects a colon from psql", "write the colon without the backslash"),
            "." => refused("ends the rows of a COPY, and none is open here", "remove it"),
            name if SHOWS_OR_FORMATS.contains(&name) || is_describe(name) => Meaning::Harmless,
            _ => Meaning::Unknown,
        }
    }

    fn set(&self) -> Meaning<'a> {
        let (name, value) =
            self.arguments.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((self.arguments, ""));
        let value = value.trim().trim_matches('\'').to_ascii_lowercase();
        let is_off = ["off", "0", "false", "no"].contains(&value.as_str());
        match name {
            "" => Meaning::Harmless,
            "ON_ERROR_STOP" if is_off => Meaning::Doubtful {
                does: "lets psql go on after an error",
                help: "a rehearsal stops at the first error, whatever is set here",
            },
            "ON_ERROR_STOP" => Meaning::Harmless,
            "AUTOCOMMIT" if is_off => Meaning::Refused {
                does: "makes psql begin transactions by itself",
                help: "write BEGIN and COMMIT where they belong",
            },
            "ON_ERROR_ROLLBACK" if !is_off => Meaning::Refused {
                does: "makes psql undo a failed statement and go on in the transaction",
                help: "use SAVEPOINT, or a block with EXCEPTION in PL/pgSQL",
            },
            "SINGLELINE" if !is_off => Meaning::Refused {
                does: "makes psql end statements with the line",
                help: "end each statement with ;",
            },
            "AUTOCOMMIT" | "ON_ERROR_ROLLBACK" | "SINGLELINE" | "SINGLESTEP" => Meaning::Harmless,
            name if DISPLAY_VARIABLES.contains(&name) => Meaning::Harmless,
            name => Meaning::SetsVariable(name),
        }
    }
}

/// `\d` and its many relatives: they only show.
fn is_describe(name: &str) -> bool {
    name.strip_prefix('d')
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reaches_to_the_end_of_its_line_or_to_the_next() {
        let text = "\\echo 'a\\\\b' c  \nSELECT";
        let echo = command_at(text, 0);
        assert_eq!((echo.name, echo.arguments, &text[echo.end..]), ("echo", "'a\\\\b' c", "\nSELECT"));
        assert_eq!(&text[echo.span], "\\echo 'a\\\\b' c");
        let text = "\\pset null x \\\\ SELECT 1;";
        assert_eq!(&text[command_at(text, 0).end..], " SELECT 1;");
        let text = "\\t\\x";
        assert_eq!(&text[command_at(text, 0).end..], "\\x");
    }

    #[test]
    fn odd_ends_do_no_harm() {
        for text in ["\\", "\\\\", "\\é", "\\echo 'é", "\\echo '\\", "\\echo '\\\nx", "\\;", "\\\r\n"] {
            assert!(command_at(text, 0).end <= text.len(), "{text:?}");
        }
    }

    #[test]
    fn what_only_shows_is_harmless() {
        for text in [
            "\\restrict abc",
            "\\unrestrict abc",
            "\\echo hello",
            "\\set ON_ERROR_STOP on",
            "\\set",
            "\\pset pager off",
            "\\timing on",
            "\\encoding UTF8",
            "\\dt+ public.*",
            "\\d",
            "\\dRp+",
            "\\x",
            "\\o /dev/null",
            "\\set VERBOSITY verbose",
            "\\set AUTOCOMMIT on",
            "\\set ON_ERROR_ROLLBACK off",
        ] {
            assert_eq!(command_at(text, 0).meaning(), Meaning::Harmless, "{text}");
        }
    }

    #[test]
    fn what_changes_what_runs_is_refused_with_a_way_out() {
        for text in [
            "\\i a.sql",
            "\\ir a.sql",
            "\\include a.sql",
            "\\if true",
            "\\gexec",
            "\\gset",
            "\\copy t from 'a'",
            "\\connect x",
            "\\c",
            "\\set AUTOCOMMIT off",
            "\\set ON_ERROR_ROLLBACK",
            "\\encoding LATIN1",
            "\\q",
            "\\! ls",
            "\\;",
            "\\.",
            "\\bind 1",
            "\\watch 1",
            "\\prompt 'x' y",
        ] {
            let Meaning::Refused { does, help } = command_at(text, 0).meaning() else {
                panic!("{text} is not refused");
            };
            assert!(!does.is_empty() && !help.is_empty());
        }
        assert_eq!(command_at("\\set schema app", 0).meaning(), Meaning::SetsVariable("schema"));
        assert_eq!(command_at("\\getenv home HOME", 0).meaning(), Meaning::SetsVariable("home"));
        assert_eq!(command_at("\\frobnicate", 0).meaning(), Meaning::Unknown);
    }
}
