//! The code generator: IR to code of the stack machine. Each name of a function has a slot, parameters first.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::exit;

const OPERATORS: [(&str, &str); 11] = [
    ("+", "add"),
    ("-", "sub"),
    ("*", "mul"),
    ("/", "div"),
    ("%", "mod"),
    ("==", "eq"),
    ("!=", "ne"),
    ("<", "lt"),
    ("<=", "le"),
    (">", "gt"),
    (">=", "ge"),
];

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        fail("the IR cannot be read");
    }
    let mut output = String::new();
    let mut function = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&words[..], &mut function) {
            ([], _) => {}
            (["func", name, parameters @ ..], None) => {
                function = Some(Function::new(name, parameters));
            }
            (["end"], Some(done)) => {
                output.push_str(&done.text());
                function = None;
            }
            (instruction, Some(function)) => function.instruction(instruction),
            (_, None) => fail(&format!("outside a function: {line}")),
        }
    }
    print!("{output}");
}

fn fail(what: &str) -> ! {
    eprintln!("error: {what}");
    exit(1);
}

struct Function {
    name: String,
    parameters: usize,
    slots: BTreeMap<String, usize>,
    code: String,
}

impl Function {
    fn new(name: &str, parameters: &[&str]) -> Self {
        let slots = parameters.iter().enumerate().map(|(slot, p)| ((*p).to_owned(), slot));
        let slots = slots.collect();
        Self { name: name.into(), parameters: parameters.len(), slots, code: String::new() }
    }

    fn text(&self) -> String {
        let Self { name, parameters, slots, code } = self;
        format!("func {name} {parameters} {}\n{code}end\n", slots.len())
    }

    fn emit(&mut self, instruction: &str) {
        self.code.push_str(&format!("  {instruction}\n"));
    }

    fn slot(&mut self, name: &str) -> usize {
        let next = self.slots.len();
        *self.slots.entry(name.to_owned()).or_insert(next)
    }

    fn push(&mut self, operand: &str) {
        if operand.parse::<i64>().is_ok() {
            self.emit(&format!("push {operand}"));
        } else {
            let slot = self.slot(operand);
            self.emit(&format!("load {slot}"));
        }
    }

    fn store(&mut self, name: &str) {
        let slot = self.slot(name);
        self.emit(&format!("store {slot}"));
    }

    fn instruction(&mut self, words: &[&str]) {
        match words {
            ["label" | "jump", _] => self.emit(&words.join(" ")),
            ["branch", a, yes, no] => {
                self.push(a);
                self.emit(&format!("jumpz {no}"));
                self.emit(&format!("jump {yes}"));
            }
            ["print", a] => {
                self.push(a);
                self.emit("print");
            }
            ["return", a] => {
                self.push(a);
                self.emit("ret");
            }
            [name, "=", a] => {
                self.push(a);
                self.store(name);
            }
            [name, "=", "call", function, arguments @ ..] => {
                arguments.iter().for_each(|a| self.push(a));
                self.emit(&format!("call {function} {}", arguments.len()));
                self.store(name);
            }
            [name, "=", operator @ ("neg" | "not"), a] => {
                self.push(a);
                self.emit(operator);
                self.store(name);
            }
            [name, "=", a, operator, b] => {
                let Some((_, instruction)) = OPERATORS.iter().find(|(sign, _)| sign == operator)
                else {
                    fail(&format!("no operator {operator}"));
                };
                self.push(a);
                self.push(b);
                self.emit(instruction);
                self.store(name);
            }
            _ => fail(&format!("no instruction: {}", words.join(" "))),
        }
    }
}
