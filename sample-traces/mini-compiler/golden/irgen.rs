//! The IR generator: syntax tree to three-address code, one temporary for each value.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::exit;

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        fail("the syntax tree cannot be read");
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let mut items = Vec::new();
    while words.peek().is_some() {
        items.push(read(&mut words));
    }
    print!("{}", program(&items));
}

fn fail(what: &str) -> ! {
    eprintln!("error: {what}");
    exit(1);
}

/// A node of the tree.
enum Tree {
    Word(String),
    List(Vec<Tree>),
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn read(words: &mut Words) -> Tree {
    match words.next() {
        Some("(") => {
            let mut items = Vec::new();
            while words.peek().is_some_and(|w| *w != ")") {
                items.push(read(words));
            }
            if words.next().is_none() {
                fail("the syntax tree is not closed");
            }
            Tree::List(items)
        }
        Some(word) => Tree::Word(word.to_owned()),
        None => fail("the syntax tree ends too early"),
    }
}

impl Tree {
    fn word(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::List(_) => fail("the syntax tree has a list where a name should be"),
        }
    }

    fn list(&self) -> &[Tree] {
        match self {
            Self::List(items) => items,
            Self::Word(word) => fail(&format!("the syntax tree has {word} where a list should be")),
        }
    }

    /// The head of a list and what follows it.
    fn form(&self) -> (&str, &[Tree]) {
        match self.list() {
            [head, rest @ ..] => (head.word(), rest),
            [] => fail("the syntax tree has an empty list"),
        }
    }
}

fn program(items: &[Tree]) -> String {
    let (functions, statements): (Vec<_>, Vec<_>) =
        items.iter().partition(|item| item.form().0 == "fn");
    let mut arities = BTreeMap::new();
    for function in &functions {
        let [name, parameters, ..] = function.form().1 else { fail("a function without a name") };
        let name = name.word();
        if name == "main" || arities.insert(name, parameters.list().len()).is_some() {
            fail(&format!("the function {name} is defined twice"));
        }
    }
    let mut code = String::new();
    for function in functions {
        let (_, [name, parameters, body @ ..]) = function.form() else { continue };
        let parameters: Vec<&str> = parameters.list().iter().map(Tree::word).collect();
        code.push_str(&Generator::new(&arities, &parameters).function(name.word(), body.iter()));
    }
    code + &Generator::new(&arities, &[]).function("main", statements.into_iter())
}

/// Generates one function.
struct Generator<'a> {
    arities: &'a BTreeMap<&'a str, usize>,
    parameters: Vec<&'a str>,
    known: BTreeSet<String>,
    code: String,
    temporaries: usize,
    labels: usize,
}

impl<'a> Generator<'a> {
    fn new(arities: &'a BTreeMap<&'a str, usize>, parameters: &[&'a str]) -> Self {
        let known = parameters.iter().map(|p| (*p).to_owned()).collect();
        let parameters = parameters.to_vec();
        Self { arities, parameters, known, code: String::new(), temporaries: 0, labels: 0 }
    }

    fn function<'t>(mut self, name: &str, body: impl Iterator<Item = &'t Tree>) -> String {
        body.for_each(|statement| self.statement(statement));
        let head: Vec<&str> = ["func", name].into_iter().chain(self.parameters).collect();
        format!("{}\n{}end\n", head.join(" "), self.code)
    }

    fn emit(&mut self, instruction: &str) {
        self.code.push_str(&format!("  {instruction}\n"));
    }

    fn temporary(&mut self) -> String {
        self.temporaries += 1;
        format!("%{}", self.temporaries)
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("L{}", self.labels)
    }

    fn block(&mut self, block: &Tree) {
        block.form().1.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Tree) {
        match statement.form() {
            ("let", [name, value]) => {
                let value = self.value(value);
                self.known.insert(name.word().to_owned());
                self.emit(&format!("{} = {value}", name.word()));
            }
            ("set", [name, value]) => {
                let value = self.value(value);
                self.check(name.word());
                self.emit(&format!("{} = {value}", name.word()));
            }
            ("print" | "return", [value]) => {
                let value = self.value(value);
                self.emit(&format!("{} {value}", statement.form().0));
            }
            ("expr", [value]) => {
                self.value(value);
            }
            ("if", [condition, then, otherwise]) => {
                let (yes, no, end) = (self.label(), self.label(), self.label());
                let condition = self.value(condition);
                self.emit(&format!("branch {condition} {yes} {no}"));
                self.emit(&format!("label {yes}"));
                self.block(then);
                self.emit(&format!("jump {end}"));
                self.emit(&format!("label {no}"));
                self.block(otherwise);
                self.emit(&format!("label {end}"));
            }
            ("while", [condition, body]) => {
                let (again, inside, end) = (self.label(), self.label(), self.label());
                self.emit(&format!("label {again}"));
                let condition = self.value(condition);
                self.emit(&format!("branch {condition} {inside} {end}"));
                self.emit(&format!("label {inside}"));
                self.block(body);
                self.emit(&format!("jump {again}"));
                self.emit(&format!("label {end}"));
            }
            (head, _) => fail(&format!("the syntax tree has an unknown statement {head}")),
        }
    }

    fn check(&self, name: &str) {
        if !self.known.contains(name) {
            fail(&format!("the name {name} is not known"));
        }
    }

    /// Emits what computes an expression, and gives the temporary that holds it.
    fn value(&mut self, expression: &Tree) -> String {
        if let Tree::Word(word) = expression {
            if word.parse::<i64>().is_err() {
                self.check(word);
            }
            return self.put(word);
        }
        match expression.form() {
            ("&&", [left, right]) => self.decided(left, right, false),
            ("||", [left, right]) => self.decided(left, right, true),
            (operator @ ("neg" | "not"), [operand]) => {
                let operand = self.value(operand);
                self.put(&format!("{operator} {operand}"))
            }
            ("call", [name, arguments @ ..]) => self.call(name.word(), arguments),
            (operator, [left, right]) => {
                let left = self.value(left);
                let right = self.value(right);
                self.put(&format!("{left} {operator} {right}"))
            }
            (head, _) => fail(&format!("the syntax tree has an unknown expression {head}")),
        }
    }

    fn put(&mut self, value: &str) -> String {
        let temporary = self.temporary();
        self.emit(&format!("{temporary} = {value}"));
        temporary
    }

    fn call(&mut self, name: &str, arguments: &[Tree]) -> String {
        match self.arities.get(name) {
            None => fail(&format!("the function {name} is not known")),
            Some(arity) if *arity != arguments.len() => {
                fail(&format!("the function {name} wants {arity} arguments"));
            }
            Some(_) => {}
        }
        let mut call = format!("call {name}");
        for argument in arguments {
            let value = self.value(argument);
            call.push(' ');
            call.push_str(&value);
        }
        self.put(&call)
    }

    /// `&&` and `||`: the right side counts unless the left side is `deciding`.
    fn decided(&mut self, left: &Tree, right: &Tree, deciding: bool) -> String {
        let (more, end) = (self.label(), self.label());
        let left = self.value(left);
        let result = self.put(&format!("{left} != 0"));
        let (yes, no) = if deciding { (&end, &more) } else { (&more, &end) };
        self.emit(&format!("branch {result} {yes} {no}"));
        self.emit(&format!("label {more}"));
        let right = self.value(right);
        self.emit(&format!("{result} = {right} != 0"));
        self.emit(&format!("label {end}"));
        result
    }
}
