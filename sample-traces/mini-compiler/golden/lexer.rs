//! The lexer: source text to tokens, one a line.

use std::io::Read;
use std::process::exit;

const KEYWORDS: [&str; 7] = ["fn", "let", "if", "else", "while", "print", "return"];
const LONG_OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "&&", "||"];
const SHORT_OPERATORS: &str = "+-*/%=<>!(){},;";

fn main() {
    let mut source = Vec::new();
    if std::io::stdin().read_to_end(&mut source).is_err() {
        fail(1, "the source cannot be read");
    }
    let mut lexer = Lexer { source: &source, at: 0, line: 1, tokens: String::new() };
    lexer.run();
    print!("{}", lexer.tokens);
}

fn fail(line: usize, what: &str) -> ! {
    eprintln!("error: line {line}: {what}");
    exit(1);
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: usize,
    tokens: String,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.begins("//") => self.line_comment(),
                b'/' if self.begins("/*") => self.block_comment(),
                b'0'..=b'9' => self.number(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                _ => self.operator(),
            }
        }
        self.tokens.push_str(&format!("{} eof\n", self.line));
    }

    fn begins(&self, text: &str) -> bool {
        self.source[self.at..].starts_with(text.as_bytes())
    }

    fn line_comment(&mut self) {
        while self.source.get(self.at).is_some_and(|b| *b != b'\n') {
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        let begin = self.line;
        self.at += 2;
        while !self.begins("*/") {
            match self.source.get(self.at) {
                Some(b'\n') => self.line += 1,
                Some(_) => {}
                None => fail(begin, "a comment is not closed"),
            }
            self.at += 1;
        }
        self.at += 2;
    }

    /// The longest text from here whose bytes all fit.
    fn take(&mut self, fits: fn(&u8) -> bool) -> String {
        let rest = &self.source[self.at..];
        let length = rest.iter().position(|b| !fits(b)).unwrap_or(rest.len());
        self.at += length;
        String::from_utf8_lossy(&rest[..length]).into_owned()
    }

    fn token(&mut self, kind: &str, text: &str) {
        self.tokens.push_str(&format!("{} {kind} {text}\n", self.line));
    }

    fn number(&mut self) {
        let digits = self.take(u8::is_ascii_digit);
        match digits.parse::<i64>() {
            Ok(number) => self.token("int", &number.to_string()),
            Err(_) => fail(self.line, "a number is too large"),
        }
    }

    fn word(&mut self) {
        let word = self.take(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let kind = if KEYWORDS.contains(&word.as_str()) { "kw" } else { "ident" };
        self.token(kind, &word);
    }

    fn operator(&mut self) {
        if let Some(operator) = LONG_OPERATORS.into_iter().find(|o| self.begins(o)) {
            self.token("op", operator);
            self.at += 2;
            return;
        }
        let character = self.source[self.at] as char;
        if !SHORT_OPERATORS.contains(character) {
            fail(self.line, "an unexpected character");
        }
        self.token("op", &character.to_string());
        self.at += 1;
    }
}
