//! The driver: runs the passes of the compiler one after the other.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{exit, Command, Stdio};
use std::thread;

const PASSES: [&str; 5] = ["lexer", "parser", "irgen", "optimizer", "codegen"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--version"] => println!("minic 1.0"),
        ["--passes"] => PASSES.iter().for_each(|pass| println!("{pass}")),
        ["run", folder] => run(folder, PASSES.len()),
        ["run", folder, last] => match PASSES.iter().position(|pass| *pass == last) {
            Some(place) => run(folder, place + 1),
            None => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: minic --version | --passes | run FOLDER [LAST]");
    exit(2);
}

fn run(folder: &str, passes: usize) {
    let mut text = Vec::new();
    if std::io::stdin().read_to_end(&mut text).is_err() {
        usage();
    }
    for pass in &PASSES[..passes] {
        match through(&Path::new(folder).join(pass), text) {
            Some(output) => text = output,
            None => {
                eprintln!("minic: pass {pass} failed");
                exit(1);
            }
        }
    }
    if std::io::stdout().write_all(&text).is_err() {
        exit(1);
    }
}

/// What a program writes when it reads a text; none when it fails.
fn through(program: &Path, text: Vec<u8>) -> Option<Vec<u8>> {
    let mut child =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut input = child.stdin.take()?;
    // It may write before it has read all, and may not read all.
    let writer = thread::spawn(move || drop(input.write_all(&text)));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?;
    output.status.success().then_some(output.stdout)
}
