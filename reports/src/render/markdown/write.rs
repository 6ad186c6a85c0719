//! Blocks of Markdown, with what must not be taken for markup escaped.

/// A page in the making: blocks with an empty line between them.
#[derive(Debug, Default)]
pub(super) struct Markdown(String);

impl Markdown {
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.add(&format!("{} {}", "#".repeat(level), escape(text)));
    }

    /// Text that is Markdown already.
    pub(super) fn paragraph(&mut self, markdown: &str) {
        self.add(markdown);
    }

    /// Items that are Markdown already; nothing where there is none.
    pub(super) fn list(&mut self, items: impl Iterator<Item = String>) {
        let lines: Vec<String> = items.map(|item| format!("- {item}")).collect();
        if !lines.is_empty() {
            self.add(&lines.join("\n"));
        }
    }

    /// Cells that are Markdown already; nothing where there is no row.
    pub(super) fn table(&mut self, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let mut lines =
            vec![format!("| {} |", heads.join(" | ")), format!("|{}", " --- |".repeat(heads.len()))];
        lines.extend(rows.map(|cells| format!("| {} |", cells.join(" | "))));
        if lines.len() > 2 {
            self.add(&lines.join("\n"));
        }
    }

    /// A block of code, fenced so that nothing in it can end it.
    pub(super) fn block(&mut self, language: &str, text: &str) {
        let fence = "`".repeat(longest_run_of_backticks(text).max(2) + 1);
        self.add(&format!("{fence}{language}\n{}\n{fence}", text.trim_end()));
    }

    /// What is folded away until somebody asks.
    pub(super) fn details(&mut self, summary: &str, inside: impl FnOnce(&mut Self)) {
        self.add(&format!("<details><summary>{}</summary>", escape(summary)));
        inside(self);
        self.add("</details>");
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn add(&mut self, block: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(block);
        self.0.push('\n');
    }
}

/// Text on one line in which only our own backticks are markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for letter in text.chars() {
        match letter {
            '`' => {
                in_code = !in_code;
                escaped.push(letter);
            }
            '\n' | '\r' => escaped.push(' '),
            '|' => escaped.push_str("\\|"),
            '<' | '*' | '\\' | '[' | ']' if !in_code => {
                escaped.push('\\');
                escaped.push(letter);
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A span of code, also inside a table.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let ticks = "`".repeat(longest_run_of_backticks(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_markup_is_escaped() {
        assert_eq!(escape("a | b <c> *d* `e*f`\nnext [x]"), "a \\| b \\<c> \\*d\\* `e*f` next \\[x\\]");
    }

    #[test]
    fn code_cannot_be_broken_out_of() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a|b"), "`a\\|b`");
        let mut page = Markdown::default();
        page.block("sql", "SELECT '```';");
        assert_eq!(page.finish(), "````sql\nSELECT '```';\n````\n");
    }
}
