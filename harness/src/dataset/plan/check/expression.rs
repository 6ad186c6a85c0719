//! Conditions as `pg_get_expr` writes them, read into a tree. What is not understood is [`Expression::Unknown`]; what
//! cannot be read at all is none.

mod tokens;

use self::tokens::{Token, tokens};

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dataset::plan) enum Expression {
    /// A column, or the `VALUE` of a domain.
    Column(String),
    /// A constant in the server's spelling, without quotes.
    Constant(String),
    /// `ARRAY[…]`
    Array(Vec<Expression>),
    /// A call of a function that is written with its name.
    Call(String, Vec<Expression>),
    /// `part::type`
    Cast(Box<Expression>, String),
    /// Two parts and a comparison between them.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `part = ANY (array)`
    AnyOf(Box<Expression>, Box<Expression>),
    /// `part <> ALL (array)`
    NoneOf(Box<Expression>, Box<Expression>),
    /// `part IS NULL`
    IsNull(Box<Expression>),
    /// `part IS NOT NULL`
    IsNotNull(Box<Expression>),
    /// Parts that all have to be true.
    And(Vec<Expression>),
    /// Parts of which one has to be true.
    Or(Vec<Expression>),
    /// `NOT part`
    Not(Box<Expression>),
    /// Anything else.
    Unknown,
}

/// How two parts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dataset::plan) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Comparison {
    fn read(operator: &str) -> Option<Self> {
        Some(match operator {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "=" => Self::Equal,
            "<>" | "!=" => Self::NotEqual,
            ">=" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => return None,
        })
    }

    /// The same with its sides exchanged.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Greater => Self::Less,
            same => same,
        }
    }

    /// What holds where this does not, between values that are not null.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::GreaterOrEqual => Self::Less,
            Self::Greater => Self::LessOrEqual,
        }
    }
}

/// Reads a condition.
pub(in crate::dataset::plan) fn parse(text: &str) -> Option<Expression> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let whole = parser.either()?;
    (parser.at == parser.tokens.len()).then_some(whole)
}

/// Nobody writes conditions so deep; a stack is only so long.
const DEPTH_MAX: usize = 100;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(&Token::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    /// `… OR …`
    fn either(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut parts = vec![self.both()?];
        while self.take_word("or") {
            parts.push(self.both()?);
        }
        self.depth -= 1;
        Some(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    /// `… AND …`
    fn both(&mut self) -> Option<Expression> {
        let mut parts = vec![self.denied()?];
        while self.take_word("and") {
            parts.push(self.denied()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    /// `NOT …`
    fn denied(&mut self) -> Option<Expression> {
        let mut times = 0;
        while self.take_word("not") {
            times += 1;
        }
        let part = self.compared()?;
        Some(if times % 2 == 1 { Expression::Not(Box::new(part)) } else { part })
    }

    /// A comparison, or the part alone.
    fn compared(&mut self) -> Option<Expression> {
        let mut left = self.term()?;
        loop {
            if self.take_word("is") {
                let not = self.take_word("not");
                left = if self.take_word("null") {
                    let part = Box::new(left);
                    if not { Expression::IsNotNull(part) } else { Expression::IsNull(part) }
                } else if self.take_word("distinct") {
                    self.take_word("from").then_some(())?;
                    self.term()?;
                    Expression::Unknown
                } else {
                    // TRUE, FALSE, UNKNOWN, NORMALIZED, DOCUMENT
                    matches!(self.next()?, Token::Word(_)).then_some(Expression::Unknown)?
                };
                continue;
            }
            let Some(Token::Operator(operator)) = self.peek().cloned() else { return Some(left) };
            self.at += 1;
            let comparison = Comparison::read(&operator);
            let any = self.take_word("any");
            let all = !any && self.take_word("all");
            let right = self.term()?;
            left = match comparison {
                Some(Comparison::Equal) if any => Expression::AnyOf(Box::new(left), Box::new(right)),
                Some(Comparison::NotEqual) if all => Expression::NoneOf(Box::new(left), Box::new(right)),
                Some(comparison) if !any && !all => {
                    Expression::Compare(comparison, Box::new(left), Box::new(right))
                }
                _ => Expression::Unknown,
            };
        }
    }

    /// An operand with its casts and subscripts.
    fn term(&mut self) -> Option<Expression> {
        let mut part = self.operand()?;
        loop {
            if self.peek() == Some(&Token::Cast) {
                self.at += 1;
                part = Expression::Cast(Box::new(part), self.type_name()?);
            } else if self.take('[') {
                self.either()?;
                self.take(']').then_some(())?;
                part = Expression::Unknown;
            } else if self.take_word("collate") {
                self.type_name()?;
            } else if self.take('.') {
                // A field of a row.
                matches!(self.next()?, Token::Word(_) | Token::Quoted(_)).then_some(())?;
                part = Expression::Unknown;
            } else {
                return Some(part);
            }
        }
    }

    fn operand(&mut self) -> Option<Expression> {
        Some(match self.next()? {
            Token::Number(text) | Token::Text(text) => Expression::Constant(text),
            Token::Operator(sign) if sign == "-" => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return None;
                }
                let of = self.term()?;
                self.depth -= 1;
                match of {
                    Expression::Constant(text) if !text.starts_with('-') => {
                        Expression::Constant(format!("-{text}"))
                    }
                    _ => Expression::Unknown,
                }
            }
            Token::Operator(_) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return None;
                }
                self.term()?;
                self.depth -= 1;
                Expression::Unknown
            }
            Token::Mark('(') => {
                let inner = self.either()?;
                let mut several = false;
                while self.take(',') {
                    several = true;
                    self.either()?;
                }
                self.take(')').then_some(())?;
                if several { Expression::Unknown } else { inner }
            }
            Token::Quoted(name) => self.named(name)?,
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" | "false" => Expression::Constant(word.to_ascii_lowercase()),
                "null" => Expression::Unknown,
                "array" if self.take('[') => Expression::Array(self.list(']')?),
                "case" => {
                    self.skip_case()?;
                    Expression::Unknown
                }
                _ => self.named(word)?,
            },
            Token::Mark(_) | Token::Cast => return None,
        })
    }

    /// A column, or a function with its arguments.
    fn named(&mut self, mut name: String) -> Option<Expression> {
        while self.take('.') {
            let (Token::Word(part) | Token::Quoted(part)) = self.next()? else { return None };
            name = part;
        }
        if self.take('(') {
            return Some(Expression::Call(name, self.list(')')?));
        }
        Some(Expression::Column(name))
    }

    fn list(&mut self, end: char) -> Option<Vec<Expression>> {
        let mut parts = Vec::new();
        if self.take(end) {
            return Some(parts);
        }
        loop {
            parts.push(self.either()?);
            if self.take(end) {
                return Some(parts);
            }
            // `EXTRACT(year FROM x)`, `POSITION(a IN b)` and their like are no lists of arguments.
            self.take(',').then_some(())?;
        }
    }

    fn skip_case(&mut self) -> Option<()> {
        let mut open = 1;
        while open > 0 {
            if let Token::Word(word) = self.next()? {
                match word.to_ascii_lowercase().as_str() {
                    "case" => open += 1,
                    "end" => open -= 1,
                    _ => {}
                }
            }
        }
        Some(())
    }

    /// `text`, `character varying(20)[]`, `app.mood`, `timestamp(3) without time zone`: gives the name without modifier.
    fn type_name(&mut self) -> Option<String> {
        let mut name = match self.next()? {
            Token::Word(word) | Token::Quoted(word) => word,
            _ => return None,
        };
        while self.take('.') {
            let (Token::Word(part) | Token::Quoted(part)) = self.next()? else { return None };
            name = part;
        }
        loop {
            if self.take('(') {
                while !self.take(')') {
                    self.next()?;
                }
            } else if self.take('[') {
                self.take(']').then_some(())?;
                name.push_str("[]");
            } else if let Some(more) = ["varying", "precision", "without", "with", "time", "zone"]
                .into_iter()
                .find(|word| self.take_word(word))
            {
                name.push(' ');
                name.push_str(more);
            } else {
                return Some(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn conditions_as_the_server_writes_them() {
        let shown = |text| format!("{text}\n  {:?}\n", parse(text));
        let all: String = [
            "(price > (0)::numeric)",
            "((x >= 1) AND (x <= 99))",
            "(kind = ANY (ARRAY['a'::text, 'it''s'::text]))",
            "((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            "(NOT (x <> ALL (ARRAY['-1'::integer, 2])))",
            "(char_length((name)::text) <= 40)",
            "((ends_at IS NULL) OR (ends_at > starts_at))",
            "((a IS NULL) <> (b IS NULL))",
            "(\"Odd name\" > '2024-01-01 00:00:00+00'::timestamp(3) with time zone)",
            "(VALUE ~ '^[^@]+@[^@]+$'::text)",
            "CASE WHEN (a > 1) THEN (b > 2) ELSE true END",
            "((x + 1) > (- 5))",
            "active",
        ]
        .into_iter()
        .map(shown)
        .collect();
        insta::assert_snapshot!(all);
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        for text in ["", "(", "(a", "a b", "a >", "'open", "EXTRACT(year FROM x) > 1", ")"] {
            assert_eq!(parse(text), None, "{text}");
        }
        let deep = "(".repeat(100_000);
        assert_eq!(parse(&deep), None);
        assert_eq!(parse(&"- ".repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String) {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_panics_on_what_looks_like_a_condition(text in "[ ()\\[\\],.:'\"a-z0-9<>=+-]{0,40}|(\\(|\\)|x|AND|OR|NOT|IS|NULL|CASE|END|ARRAY\\[|\\]|::text|'a'| |-|5|=|ANY){0,30}") {
            let _ = parse(&text);
        }

        #[test]
        fn comparisons_come_back(
            name in "[a-z_][a-z0-9_]{0,8}|\"[A-Z ]{1,6}\"",
            operator in prop::sample::select(vec!["<", "<=", "=", "<>", ">=", ">"]),
            constant in "[a-z' ]{0,8}|-?[0-9]{1,6}",
            kind in prop::sample::select(vec!["text", "integer", "character varying(20)", "app.mood"]),
        ) {
            let reserved = ["not", "null", "true", "false", "case", "array", "and", "or", "is"];
            prop_assume!(!reserved.contains(&name.as_str()));
            let text = format!("({name} {operator} '{}'::{kind})", constant.replace('\'', "''"));
            let Some(Expression::Compare(found, left, right)) = parse(&text) else {
                return Err(TestCaseError::fail(text));
            };
            prop_assert_eq!(Some(found), Comparison::read(operator));
            prop_assert_eq!(*left, Expression::Column(name.trim_matches('"').to_owned()));
            let Expression::Cast(of, _) = *right else { return Err(TestCaseError::fail(text)) };
            prop_assert_eq!(*of, Expression::Constant(constant));
        }
    }
}
