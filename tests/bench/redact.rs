//! Bytes per second of masking: what a recorder spends on each event.
//!
//! Run with `cargo bench --bench redact`. The texts are words, code and JSON without secrets, as nearly all texts are, with
//! twenty secrets known.

use divan::Bencher;
use divan::counter::BytesCount;
use ramptrace::capture::redact::{KnownSecrets, PseudonymKey, RedactionRules, Redactor};
use ramptrace::trace::{Event, Kind};

#[rustfmt::skip]
const PIECES: &[&str] = &[
    "the lexer reads ", "error: expected `;` at line 17\n", "src/frontend/parser.cpp:204:9 ", "fn next(&mut self) -> Option<Token> {\n",
    "494d210c47ab1cb1ed35f27d2e1f0a9b8c7d6e5f ", "if (token.kind == TokenKind::Identifier) ", "\"id\": 12, ", "\n\n", "and then ",
];

fn main() {
    divan::main();
}

fn redactor() -> Redactor {
    let mut known = KnownSecrets::default();
    for number in 0..20 {
        known.add(&format!("a-known-secret-{number}"));
    }
    let key = PseudonymKey::from_bytes([7; 32]);
    Redactor::new(key, &known, RedactionRules::default()).expect("a redactor")
}

fn text(bytes: usize) -> String {
    let pieces = PIECES.concat();
    pieces.repeat(bytes.div_ceil(pieces.len()))
}

#[divan::bench(args = [1_000, 100_000])]
fn plain_text(bencher: Bencher, bytes: usize) {
    let (redactor, text) = (redactor(), text(bytes));
    bencher.counter(BytesCount::of_str(&text)).bench(|| redactor.mask(&text).len());
}

#[divan::bench(args = [1_000, 100_000])]
fn json(bencher: Bencher, bytes: usize) {
    let redactor = redactor();
    let mut event = Event::new(Kind::ToolCall);
    let arguments = serde_json::json!({ "command": text(bytes / 2), "of": [text(bytes / 2)] });
    let arguments = arguments.to_string();
    let counter = BytesCount::of_str(&arguments);
    event.arguments = Some(arguments);
    bencher.counter(counter).bench_local(|| redactor.mask_event(&mut event).total());
}
