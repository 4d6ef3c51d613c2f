//! Runs code of the stack machine (LANGUAGE.md, section 7) from standard input.
//! Exit code 1: the program failed (division by zero, too many steps, too deep calls); 2: it is no such code.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::exit;

const MOST_STEPS: u64 = 50_000_000;
const DEEPEST: usize = 10_000;

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        refuse("not text");
    }
    let mut output = String::new();
    let ended = run(&read(&text), &mut output);
    if std::io::stdout().write_all(output.as_bytes()).is_err() {
        exit(1);
    }
    if let Err(problem) = ended {
        eprintln!("error: {problem}");
        exit(1);
    }
}

fn refuse(what: &str) -> ! {
    eprintln!("error: no code: {what}");
    exit(2);
}

enum Operation<'a> {
    Push(i64),
    Load(usize),
    Store(usize),
    Jump(&'a str),
    JumpZero(&'a str),
    Call(&'a str, usize),
    Plain(&'a str),
}

struct Function<'a> {
    parameters: usize,
    slots: usize,
    body: Vec<Operation<'a>>,
    labels: HashMap<&'a str, usize>,
}

type Functions<'a> = HashMap<&'a str, Function<'a>>;

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| refuse(&format!("not a number here: {word}")))
}

fn read(text: &str) -> Functions<'_> {
    let mut functions = HashMap::new();
    let mut current: Option<(&str, Function)> = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&words[..], &mut current) {
            ([], _) => {}
            (["func", name, parameters, slots], None) => {
                let (parameters, slots) = (number(parameters), number(slots));
                if parameters > slots || slots > 100_000 {
                    refuse(&format!("{name} has {parameters} parameters and {slots} slots"));
                }
                let (body, labels) = (Vec::new(), HashMap::new());
                current = Some((name, Function { parameters, slots, body, labels }));
            }
            (["end"], Some(_)) => {
                if let Some((name, function)) = current.take() {
                    if functions.insert(name, function).is_some() {
                        refuse(&format!("the function {name} twice"));
                    }
                }
            }
            (["label", label], Some((_, function))) => {
                if function.labels.insert(label, function.body.len()).is_some() {
                    refuse(&format!("the label {label} twice"));
                }
            }
            (words, Some((_, function))) => function.body.push(operation(words)),
            (_, None) => refuse(&format!("outside a function: {line}")),
        }
    }
    if current.is_some() {
        refuse("a function without end");
    }
    functions
}

fn operation<'a>(words: &[&'a str]) -> Operation<'a> {
    match words {
        ["push", n] => Operation::Push(number(n)),
        ["load", slot] => Operation::Load(number(slot)),
        ["store", slot] => Operation::Store(number(slot)),
        ["jump", label] => Operation::Jump(label),
        ["jumpz", label] => Operation::JumpZero(label),
        ["call", name, count] => Operation::Call(name, number(count)),
        [name] => Operation::Plain(name),
        _ => refuse(&words.join(" ")),
    }
}

struct Frame<'a> {
    function: &'a Function<'a>,
    at: usize,
    slots: Vec<i64>,
}

fn run(functions: &Functions, output: &mut String) -> Result<(), String> {
    let mut stack: Vec<i64> = Vec::new();
    let mut frames = vec![enter(functions, "main", Vec::new())];
    let mut steps = 0;
    while let Some(frame) = frames.last_mut() {
        let function = frame.function;
        let Some(operation) = function.body.get(frame.at) else {
            frames.pop();
            stack.push(0);
            continue;
        };
        frame.at += 1;
        steps += 1;
        if steps > MOST_STEPS {
            return Err("too many steps".into());
        }
        let place = |label: &str| match function.labels.get(label) {
            Some(place) => *place,
            None => refuse(&format!("no label {label}")),
        };
        match operation {
            Operation::Push(value) => stack.push(*value),
            Operation::Load(slot) => match frame.slots.get(*slot) {
                Some(value) => stack.push(*value),
                None => refuse(&format!("no slot {slot}")),
            },
            Operation::Store(slot) => match frame.slots.get_mut(*slot) {
                Some(value) => *value = pop(&mut stack),
                None => refuse(&format!("no slot {slot}")),
            },
            Operation::Jump(label) => frame.at = place(label),
            Operation::JumpZero(label) => {
                if pop(&mut stack) == 0 {
                    frame.at = place(label);
                }
            }
            Operation::Call(name, count) => {
                if *count > stack.len() {
                    refuse("the stack is empty");
                }
                if frames.len() > DEEPEST {
                    return Err("calls nest too deep".into());
                }
                let arguments = stack.split_off(stack.len() - count);
                frames.push(enter(functions, name, arguments));
            }
            Operation::Plain("ret") => {
                frames.pop();
            }
            Operation::Plain("print") => output.push_str(&format!("{}\n", pop(&mut stack))),
            Operation::Plain("pop") => {
                pop(&mut stack);
            }
            Operation::Plain(name) => compute(name, &mut stack)?,
        }
    }
    Ok(())
}

fn enter<'a>(functions: &'a Functions<'a>, name: &str, mut slots: Vec<i64>) -> Frame<'a> {
    let Some(function) = functions.get(name) else { refuse(&format!("no function {name}")) };
    if slots.len() != function.parameters {
        refuse(&format!("{name} with {} arguments", slots.len()));
    }
    slots.resize(function.slots, 0);
    Frame { function, at: 0, slots }
}

fn pop(stack: &mut Vec<i64>) -> i64 {
    stack.pop().unwrap_or_else(|| refuse("the stack is empty"))
}

fn compute(name: &str, stack: &mut Vec<i64>) -> Result<(), String> {
    let b = pop(stack);
    let result = match name {
        "neg" => b.wrapping_neg(),
        "not" => i64::from(b == 0),
        _ => {
            let a = pop(stack);
            match name {
                "add" => a.wrapping_add(b),
                "sub" => a.wrapping_sub(b),
                "mul" => a.wrapping_mul(b),
                "div" | "mod" if b == 0 => return Err("division by zero".into()),
                "div" => a.wrapping_div(b),
                "mod" => a.wrapping_rem(b),
                "eq" => i64::from(a == b),
                "ne" => i64::from(a != b),
                "lt" => i64::from(a < b),
                "le" => i64::from(a <= b),
                "gt" => i64::from(a > b),
                "ge" => i64::from(a >= b),
                _ => refuse(name),
            }
        }
    };
    stack.push(result);
    Ok(())
}
