//! The optimizer: constants and copies are carried forward within blocks, decided branches and what cannot be reached go, and
//! so does what nobody reads (liveness over the whole function), until nothing changes any more.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::exit;

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        fail("the IR cannot be read");
    }
    let mut output = String::new();
    let mut body = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if line.starts_with("func ") {
            output.push_str(&format!("{line}\n"));
        } else if line == "end" {
            for instruction in optimized(std::mem::take(&mut body)) {
                output.push_str(&format!("  {instruction}\n"));
            }
            output.push_str("end\n");
        } else {
            body.push(Instruction::read(line));
        }
    }
    print!("{output}");
}

fn fail(what: &str) -> ! {
    eprintln!("error: {what}");
    exit(1);
}

/// What an instruction computes, from operands.
#[derive(Clone, PartialEq)]
enum Value {
    Copy(String),
    Unary(String, String),
    Binary(String, String, String),
    Call(String, Vec<String>),
}

#[derive(Clone, PartialEq)]
enum Instruction {
    Set(String, Value),
    Label(String),
    Jump(String),
    Branch(String, String, String),
    Print(String),
    Return(String),
}

impl Instruction {
    fn read(line: &str) -> Self {
        let own = |word: &str| word.to_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["label", name] => Self::Label(own(name)),
            ["jump", name] => Self::Jump(own(name)),
            ["branch", a, yes, no] => Self::Branch(own(a), own(yes), own(no)),
            ["print", a] => Self::Print(own(a)),
            ["return", a] => Self::Return(own(a)),
            [name, "=", a] => Self::Set(own(name), Value::Copy(own(a))),
            [name, "=", "call", function, ..] => {
                let arguments = words[4..].iter().map(|a| own(a)).collect();
                Self::Set(own(name), Value::Call(own(function), arguments))
            }
            [name, "=", operator, a] => Self::Set(own(name), Value::Unary(own(operator), own(a))),
            [name, "=", a, operator, b] => {
                Self::Set(own(name), Value::Binary(own(operator), own(a), own(b)))
            }
            _ => fail(&format!("no instruction: {line}")),
        }
    }

    /// The operands, to be read or replaced.
    fn operands(&mut self) -> Vec<&mut String> {
        match self {
            Self::Set(_, Value::Copy(a) | Value::Unary(_, a)) => vec![a],
            Self::Set(_, Value::Binary(_, a, b)) => vec![a, b],
            Self::Set(_, Value::Call(_, arguments)) => arguments.iter_mut().collect(),
            Self::Branch(a, ..) | Self::Print(a) | Self::Return(a) => vec![a],
            Self::Label(_) | Self::Jump(_) => Vec::new(),
        }
    }

    /// Whether nothing is lost with it when nobody reads its result.
    fn is_pure(&self) -> bool {
        match self {
            Self::Set(_, Value::Binary(operator, _, divisor)) if "/%".contains(operator.as_str()) => {
                constant(divisor).is_some_and(|d| d != 0)
            }
            Self::Set(_, value) => !matches!(value, Value::Call(..)),
            _ => false,
        }
    }
}

impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Set(name, Value::Copy(a)) => write!(f, "{name} = {a}"),
            Self::Set(name, Value::Unary(operator, a)) => write!(f, "{name} = {operator} {a}"),
            Self::Set(name, Value::Binary(operator, a, b)) => write!(f, "{name} = {a} {operator} {b}"),
            Self::Set(name, Value::Call(function, arguments)) => {
                write!(f, "{name} = call {function}")?;
                arguments.iter().try_for_each(|a| write!(f, " {a}"))
            }
            Self::Label(name) => write!(f, "label {name}"),
            Self::Jump(name) => write!(f, "jump {name}"),
            Self::Branch(a, yes, no) => write!(f, "branch {a} {yes} {no}"),
            Self::Print(a) => write!(f, "print {a}"),
            Self::Return(a) => write!(f, "return {a}"),
        }
    }
}

fn constant(operand: &str) -> Option<i64> {
    operand.parse().ok()
}

fn optimized(mut body: Vec<Instruction>) -> Vec<Instruction> {
    loop {
        let before = body.clone();
        forward(&mut body);
        decide(&mut body);
        reachable(&mut body);
        merge(&mut body);
        remove_dead(&mut body);
        if body == before {
            return body;
        }
    }
}

/// Carries constants and copies forward within each block, and folds.
fn forward(body: &mut [Instruction]) {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for instruction in body {
        if matches!(instruction, Instruction::Label(_)) {
            known.clear();
            continue;
        }
        for operand in instruction.operands() {
            if let Some(same) = known.get(operand) {
                operand.clone_from(same);
            }
        }
        let Instruction::Set(name, value) = instruction else { continue };
        if let Some(simpler) = folded(value) {
            *value = Value::Copy(simpler);
        }
        known.retain(|_, same| same != name);
        known.remove(name);
        if let Value::Copy(same) = value {
            if same != name {
                known.insert(name.clone(), same.clone());
            }
        }
    }
}

/// The operand that a value is the same as.
fn folded(value: &Value) -> Option<String> {
    let number = |value: i64| Some(value.to_string());
    match value {
        Value::Unary(operator, a) => match operator.as_str() {
            "neg" => number(constant(a)?.wrapping_neg()),
            _ => number(i64::from(constant(a)? == 0)),
        },
        Value::Binary(operator, a, b) => match (operator.as_str(), constant(a), constant(b)) {
            (operator, Some(a), Some(b)) => number(computed(operator, a, b)?),
            ("+" | "-", _, Some(0)) | ("*" | "/", _, Some(1)) => Some(a.clone()),
            ("+", Some(0), _) | ("*", Some(1), _) => Some(b.clone()),
            ("*", _, Some(0)) | ("*", Some(0), _) => number(0),
            _ => None,
        },
        Value::Copy(_) | Value::Call(..) => None,
    }
}

/// The result of an operation; none for a division by zero, which must stay.
fn computed(operator: &str, a: i64, b: i64) -> Option<i64> {
    Some(match operator {
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" if b != 0 => a.wrapping_div(b),
        "%" if b != 0 => a.wrapping_rem(b),
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<" => i64::from(a < b),
        "<=" => i64::from(a <= b),
        ">" => i64::from(a > b),
        ">=" => i64::from(a >= b),
        _ => return None,
    })
}

/// Makes jumps of decided branches.
fn decide(body: &mut [Instruction]) {
    for instruction in body {
        if let Instruction::Branch(a, yes, no) = instruction {
            let target = match constant(a) {
                Some(0) => no,
                Some(_) => yes,
                None if yes == no => yes,
                None => continue,
            };
            *instruction = Instruction::Jump(target.clone());
        }
    }
}

/// Removes what cannot be reached, jumps to the next instruction and labels that nobody jumps to.
fn reachable(body: &mut Vec<Instruction>) {
    let mut open = true;
    body.retain(|instruction| {
        open |= matches!(instruction, Instruction::Label(_));
        let keep = open;
        open &= !matches!(instruction, Instruction::Jump(_) | Instruction::Return(_));
        keep
    });
    let mut at = 0;
    while at < body.len() {
        let next_labels = body[at + 1..].iter().map_while(|i| match i {
            Instruction::Label(name) => Some(name),
            _ => None,
        });
        let is_idle = match &body[at] {
            Instruction::Jump(target) => next_labels.into_iter().any(|label| label == target),
            _ => false,
        };
        if is_idle {
            body.remove(at);
        } else {
            at += 1;
        }
    }
    let mut targets = BTreeSet::new();
    for instruction in &*body {
        match instruction {
            Instruction::Jump(target) => targets.extend([target.clone()]),
            Instruction::Branch(_, yes, no) => targets.extend([yes.clone(), no.clone()]),
            _ => {}
        }
    }
    body.retain(|i| !matches!(i, Instruction::Label(name) if !targets.contains(name)));
}

/// Names that are read after each instruction before they are set.
fn live_after(body: &[Instruction]) -> Vec<BTreeSet<String>> {
    let places: BTreeMap<&str, usize> = body
        .iter()
        .enumerate()
        .filter_map(|(at, i)| match i {
            Instruction::Label(name) => Some((name.as_str(), at)),
            _ => None,
        })
        .collect();
    let place = |label: &str| *places.get(label).unwrap_or_else(|| fail(&format!("no label {label}")));
    let mut before = vec![BTreeSet::new(); body.len() + 1];
    let mut after = vec![BTreeSet::new(); body.len()];
    loop {
        let mut changed = false;
        for at in (0..body.len()).rev() {
            let mut live: BTreeSet<String> = match &body[at] {
                Instruction::Jump(target) => before[place(target)].clone(),
                Instruction::Branch(_, yes, no) => &before[place(yes)] | &before[place(no)],
                Instruction::Return(_) => BTreeSet::new(),
                _ => before[at + 1].clone(),
            };
            after[at].clone_from(&live);
            if let Instruction::Set(name, _) = &body[at] {
                live.remove(name);
            }
            for operand in body[at].clone().operands() {
                if constant(operand).is_none() {
                    live.insert(operand.clone());
                }
            }
            changed |= live != before[at];
            before[at] = live;
        }
        if !changed {
            return after;
        }
    }
}

/// `t = value; x = t` is `x = value` where t is not read again.
fn merge(body: &mut Vec<Instruction>) {
    let live = live_after(body);
    let mut merged = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        if let (Instruction::Set(t, value), Some(Instruction::Set(x, Value::Copy(from)))) =
            (&body[at], body.get(at + 1))
        {
            if from == t && !live[at + 1].contains(t) {
                merged.push(Instruction::Set(x.clone(), value.clone()));
                at += 2;
                continue;
            }
        }
        merged.push(body[at].clone());
        at += 1;
    }
    *body = merged;
}

/// Removes what computes a value that nobody reads.
fn remove_dead(body: &mut Vec<Instruction>) {
    let live = live_after(body);
    let mut at = 0;
    body.retain(|instruction| {
        at += 1;
        match instruction {
            Instruction::Set(name, Value::Copy(same)) if name == same => false,
            Instruction::Set(name, _) => live[at - 1].contains(name) || !instruction.is_pure(),
            _ => true,
        }
    });
}
