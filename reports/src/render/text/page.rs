//! Lines of a terminal page: wrapping, indenting, colour.

use super::Style;

/// Narrowest page that the layout is made for.
const WIDTH_MIN: u16 = 60;

/// A colour of a whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Bold,
    Green,
    Red,
    Yellow,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Green => "\x1b[1;32m",
            Self::Red => "\x1b[1;31m",
            Self::Yellow => "\x1b[1;33m",
        }
    }
}

/// A page in the making.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    style: Style,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { text: String::new(), style: Style { width: style.width.max(WIDTH_MIN), ..style } }
    }

    pub(super) fn width(&self) -> u16 {
        self.style.width
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line in colour, where colours are wanted.
    pub(super) fn line(&mut self, ink: Ink, line: &str) {
        let line = clean(line);
        if self.style.color {
            self.text.push_str(&format!("{}{line}\x1b[0m\n", ink.code()));
        } else {
            self.text.push_str(&format!("{line}\n"));
        }
    }

    /// Wrapped text that begins with `mark`, its further lines indented as far.
    pub(super) fn item(&mut self, mark: &str, text: &str) {
        let indent = mark.chars().count();
        let room = usize::from(self.style.width).saturating_sub(indent);
        for (index, line) in wrap(&clean(text).replace('\n', " "), room).iter().enumerate() {
            let margin = if index == 0 { mark.to_owned() } else { " ".repeat(indent) };
            self.text.push_str(&format!("{}\n", format!("{margin}{line}").trim_end()));
        }
    }

    /// Lines as they are, indented.
    pub(super) fn block(&mut self, indent: usize, block: &str) {
        for line in clean(block).lines() {
            let line = format!("{}{line}", " ".repeat(indent));
            self.text.push_str(&format!("{}\n", line.trim_end()));
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Without control characters: a server's message must not steer the reader's terminal.
pub(super) fn clean(text: &str) -> String {
    let visible = |letter: char| match letter {
        '\n' => '\n',
        '\t' => ' ',
        _ if letter.is_control() => '\u{fffd}',
        _ => letter,
    };
    text.chars().map(visible).collect()
}

/// Words in lines of `room` characters; a longer word has a line of its own.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let Some(line) = lines.last_mut() else { continue };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_and_its_lines_indented() {
        let mut page = Page::new(Style { color: false, width: 60 });
        page.item("  ! ", &"word ".repeat(15));
        let expected = format!("  ! {}\n    {}\n", ["word"; 11].join(" "), ["word"; 4].join(" "));
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\x1b[31mb\tc\nd"), "a\u{fffd}[31mb c\nd");
    }

    #[test]
    fn colour_is_by_line() {
        let mut page = Page::new(Style { color: true, width: 80 });
        page.line(Ink::Green, "fine");
        assert_eq!(page.finish(), "\x1b[1;32mfine\x1b[0m\n");
    }
}
