//! Runs IR (LANGUAGE.md, section 5) from standard input. `--steps` writes the number of steps to standard error.
//! Exit code 1: the program failed (division by zero, too many steps, too deep calls); 2: it is no IR.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::exit;

const MOST_STEPS: u64 = 20_000_000;
const DEEPEST: usize = 2_000;

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        refuse("not text");
    }
    let functions = read(&text);
    let mut machine = Machine { functions: &functions, steps: 0, output: String::new() };
    let ended = machine.call("main", &[], 0);
    if std::io::stdout().write_all(machine.output.as_bytes()).is_err() {
        exit(1);
    }
    if let Err(problem) = ended {
        eprintln!("error: {problem}");
        exit(1);
    }
    if std::env::args().nth(1).as_deref() == Some("--steps") {
        eprintln!("steps {}", machine.steps);
    }
}

fn refuse(what: &str) -> ! {
    eprintln!("error: no IR: {what}");
    exit(2);
}

struct Function<'a> {
    parameters: Vec<&'a str>,
    body: Vec<Vec<&'a str>>,
    labels: HashMap<&'a str, usize>,
}

fn read(text: &str) -> HashMap<&str, Function<'_>> {
    let mut functions = HashMap::new();
    let mut current: Option<(&str, Function)> = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&words[..], &mut current) {
            ([], _) => {}
            (["func", name, parameters @ ..], None) => {
                let (parameters, body) = (parameters.to_vec(), Vec::new());
                current = Some((name, Function { parameters, body, labels: HashMap::new() }));
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
            (_, Some((_, function))) => function.body.push(words),
            (_, None) => refuse(&format!("outside a function: {line}")),
        }
    }
    if current.is_some() {
        refuse("a function without end");
    }
    functions
}

struct Machine<'a> {
    functions: &'a HashMap<&'a str, Function<'a>>,
    steps: u64,
    output: String,
}

impl<'a> Machine<'a> {
    fn call(&mut self, name: &str, arguments: &[i64], depth: usize) -> Result<i64, String> {
        let functions = self.functions;
        let Some(function) = functions.get(name) else { refuse(&format!("no function {name}")) };
        if function.parameters.len() != arguments.len() {
            refuse(&format!("{name} with {} arguments", arguments.len()));
        }
        if depth > DEEPEST {
            return Err("calls nest too deep".into());
        }
        let mut names: HashMap<&str, i64> =
            function.parameters.iter().copied().zip(arguments.iter().copied()).collect();
        let mut at = 0;
        while let Some(words) = function.body.get(at) {
            at += 1;
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return Err("too many steps".into());
            }
            let value = |operand: &str, names: &HashMap<&str, i64>| match operand.parse() {
                Ok(number) => number,
                Err(_) => match names.get(operand) {
                    Some(value) => *value,
                    None => refuse(&format!("{operand} is read before it is set")),
                },
            };
            let place = |label: &str| match function.labels.get(label) {
                Some(place) => *place,
                None => refuse(&format!("no label {label}")),
            };
            match words[..] {
                ["jump", label] => at = place(label),
                ["branch", a, yes, no] => {
                    at = place(if value(a, &names) != 0 { yes } else { no });
                }
                ["print", a] => {
                    let value = value(a, &names);
                    self.output.push_str(&format!("{value}\n"));
                }
                ["return", a] => return Ok(value(a, &names)),
                [name, "=", a] => {
                    let value = value(a, &names);
                    names.insert(name, value);
                }
                [name, "=", "call", function, ..] => {
                    let arguments: Vec<i64> = words[4..].iter().map(|a| value(a, &names)).collect();
                    let result = self.call(function, &arguments, depth + 1)?;
                    names.insert(name, result);
                }
                [name, "=", operator, a] => {
                    let a = value(a, &names);
                    let result = match operator {
                        "neg" => a.wrapping_neg(),
                        "not" => i64::from(a == 0),
                        _ => refuse(&words.join(" ")),
                    };
                    names.insert(name, result);
                }
                [name, "=", a, operator, b] => {
                    let result = binary(operator, value(a, &names), value(b, &names))?;
                    names.insert(name, result);
                }
                _ => refuse(&words.join(" ")),
            }
        }
        Ok(0)
    }
}

fn binary(operator: &str, a: i64, b: i64) -> Result<i64, String> {
    Ok(match operator {
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" | "%" if b == 0 => return Err("division by zero".into()),
        "/" => a.wrapping_div(b),
        "%" => a.wrapping_rem(b),
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<" => i64::from(a < b),
        "<=" => i64::from(a <= b),
        ">" => i64::from(a > b),
        ">=" => i64::from(a >= b),
        _ => refuse(operator),
    })
}
