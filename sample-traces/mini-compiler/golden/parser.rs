//! The parser: tokens to a syntax tree, by recursive descent and precedence climbing.

use std::io::Read;
use std::process::exit;

/// Binary operators, loosest first.
const LEVELS: [&[&str]; 6] =
    [&["||"], &["&&"], &["==", "!="], &["<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"]];
/// How deep expressions and blocks may nest.
const DEEPEST: usize = 500;

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        fail(1, "the tokens cannot be read");
    }
    let tokens = text.lines().map(token).collect();
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let mut tree = String::new();
    while parser.kind() != "eof" {
        let item = if parser.is("fn") { parser.function() } else { parser.statement() };
        tree.push_str(&item);
        tree.push('\n');
    }
    print!("{tree}");
}

fn fail(line: usize, what: &str) -> ! {
    eprintln!("error: line {line}: {what}");
    exit(1);
}

struct Token {
    line: usize,
    kind: String,
    text: String,
}

fn token(line: &str) -> Token {
    let mut words = line.split(' ');
    let number = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut word = || words.next().unwrap_or_default().to_owned();
    Token { line: number, kind: word(), text: word() }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn kind(&self) -> &str {
        self.tokens.get(self.at).map_or("eof", |t| &t.kind)
    }

    fn text(&self) -> &str {
        self.tokens.get(self.at).map_or("", |t| &t.text)
    }

    /// Whether the next token is this keyword or operator.
    fn is(&self, text: &str) -> bool {
        matches!(self.kind(), "kw" | "op") && self.text() == text
    }

    fn unexpected(&self, wanted: &str) -> ! {
        let line = self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |t| t.line);
        fail(line, &format!("expected {wanted}"));
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) {
        if !self.accept(text) {
            self.unexpected(&format!("`{text}`"));
        }
    }

    fn name(&mut self) -> String {
        if self.kind() != "ident" {
            self.unexpected("a name");
        }
        self.at += 1;
        self.tokens[self.at - 1].text.clone()
    }

    /// Items between parentheses, separated by commas.
    fn list(&mut self, item: fn(&mut Self) -> String) -> Vec<String> {
        self.expect("(");
        let mut items = Vec::new();
        if self.accept(")") {
            return items;
        }
        loop {
            items.push(item(self));
            if self.accept(")") {
                return items;
            }
            self.expect(",");
        }
    }

    fn function(&mut self) -> String {
        self.expect("fn");
        let name = self.name();
        let parameters = self.list(Self::name).join(" ");
        format!("(fn {name} ({parameters}){})", self.body())
    }

    /// The statements of a block, each after a space.
    fn body(&mut self) -> String {
        self.enter();
        self.expect("{");
        let mut body = String::new();
        while !self.accept("}") {
            body.push(' ');
            body.push_str(&self.statement());
        }
        self.depth -= 1;
        body
    }

    fn enter(&mut self) {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.unexpected("less nesting");
        }
    }

    fn block(&mut self) -> String {
        format!("(block{})", self.body())
    }

    fn statement(&mut self) -> String {
        if self.is("if") {
            return self.condition();
        }
        if self.accept("while") {
            let condition = self.expression();
            return format!("(while {condition} {})", self.block());
        }
        let statement = if self.accept("let") {
            let name = self.name();
            self.expect("=");
            format!("(let {name} {})", self.expression())
        } else if self.accept("print") {
            format!("(print {})", self.expression())
        } else if self.accept("return") {
            format!("(return {})", self.expression())
        } else if self.kind() == "ident" && self.assigns() {
            let name = self.name();
            self.expect("=");
            format!("(set {name} {})", self.expression())
        } else {
            format!("(expr {})", self.expression())
        };
        self.expect(";");
        statement
    }

    fn assigns(&self) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|t| t.kind == "op" && t.text == "=")
    }

    fn condition(&mut self) -> String {
        self.enter();
        self.expect("if");
        let condition = self.expression();
        let then = self.block();
        let otherwise = match (self.accept("else"), self.is("if")) {
            (false, _) => "(block)".to_owned(),
            (true, true) => format!("(block {})", self.condition()),
            (true, false) => self.block(),
        };
        self.depth -= 1;
        format!("(if {condition} {then} {otherwise})")
    }

    fn expression(&mut self) -> String {
        self.binary(0)
    }

    fn binary(&mut self, level: usize) -> String {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1);
        while let Some(operator) = operators.iter().find(|o| self.is(o)) {
            self.at += 1;
            left = format!("({operator} {left} {})", self.binary(level + 1));
        }
        left
    }

    fn unary(&mut self) -> String {
        self.enter();
        let tree = if self.accept("-") {
            format!("(neg {})", self.unary())
        } else if self.accept("!") {
            format!("(not {})", self.unary())
        } else {
            self.primary()
        };
        self.depth -= 1;
        tree
    }

    fn primary(&mut self) -> String {
        if self.accept("(") {
            let inner = self.expression();
            self.expect(")");
            return inner;
        }
        if self.kind() == "int" {
            self.at += 1;
            return self.tokens[self.at - 1].text.clone();
        }
        if self.kind() != "ident" {
            self.unexpected("an expression");
        }
        let name = self.name();
        if !self.is("(") {
            return name;
        }
        let mut call = format!("(call {name}");
        for argument in self.list(Self::expression) {
            call.push(' ');
            call.push_str(&argument);
        }
        call.push(')');
        call
    }
}
