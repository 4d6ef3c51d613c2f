//! Generated Claude Code sessions, line by line as 2.1 writes them.
//!
//! One block per line, each with the usage of its message; results of tools as text and as structure; progress lines and
//! snapshots between them. Sizes follow published sessions: a tool result of 0.2 to 8 kB that stands twice in its line, a
//! context that grows with every call.

use super::Dice;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Bytes of one session, about.
const SESSION_BYTES: u64 = 32 << 20;

/// Writes sessions of so many bytes in total, one file each; `one` puts all into one session.
pub fn write_claude_logs(folder: &Path, bytes: u64, one: bool, seed: u64) -> io::Result<()> {
    let size = if one { bytes } else { SESSION_BYTES.min(bytes) };
    std::fs::create_dir_all(folder)?;
    (0..bytes.div_ceil(size.max(1))).into_par_iter().try_for_each(|session| {
        let id = format!("{session:08x}-0000-4000-8000-{session:012x}");
        let out = BufWriter::new(File::create(folder.join(format!("{id}.jsonl")))?);
        let dice = Dice::new(seed, session);
        let mut log = Log { out, dice, id, lines: 0, written: 0, context: 18_000 };
        log.prompt()?;
        while log.written < size {
            log.turn()?;
        }
        log.out.flush()
    })
}

struct Log {
    out: BufWriter<File>,
    dice: Dice,
    id: String,
    lines: u64,
    written: u64,
    context: u64,
}

impl Log {
    fn prompt(&mut self) -> io::Result<()> {
        let text = self.dice.prose(300);
        self.line("user", json!({"message": {"role": "user", "content": text}}))
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.dice.roll() % (high - low)
    }

    /// One call: thinking, text, one or two tools, their results.
    fn turn(&mut self) -> io::Result<()> {
        let id = format!("msg_{:016x}{:08x}", self.dice.roll(), self.lines);
        let written = self.between(200, 3000);
        self.context = if self.context > 150_000 { 20_000 } else { self.context + written };
        let output_tokens = self.between(30, 900);
        let usage = json!({
            "input_tokens": 3, "cache_creation_input_tokens": written,
            "cache_read_input_tokens": self.context,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": written},
            "output_tokens": output_tokens, "service_tier": "standard",
        });
        let thinking = self.dice.prose(250);
        self.block(
            &id,
            &json!({"type": "thinking", "thinking": thinking, "signature": "c2ln"}),
            &usage,
        )?;
        let text = self.dice.prose(120);
        self.block(&id, &json!({"type": "text", "text": text}), &usage)?;
        for tool in 0..self.between(1, 3) {
            let call = format!("toolu_{:016x}{tool}", self.dice.roll());
            let command = self.dice.prose(60);
            self.block(&id, &json!({"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}}), &usage)?;
            self.line("progress", json!({"data": {"type": "bash_progress", "output": "", "elapsedTimeSeconds": 2}, "toolUseID": call}))?;
            let length = self.between(200, 8000);
            let output = self.dice.prose(usize::try_from(length).unwrap_or_default());
            self.line("user", json!({
                "message": {"role": "user", "content": [{"tool_use_id": call, "type": "tool_result", "content": output, "is_error": false}]},
                "toolUseResult": {"stdout": output, "stderr": "", "interrupted": false, "isImage": false},
            }))?;
        }
        Ok(())
    }

    fn block(&mut self, id: &str, block: &Value, usage: &Value) -> io::Result<()> {
        self.line("assistant", json!({
            "message": {"model": "claude-opus-4-6", "id": id, "type": "message", "role": "assistant", "content": [block], "stop_reason": null, "stop_sequence": null, "usage": usage},
            "requestId": format!("req_{id}"),
        }))
    }

    fn line(&mut self, kind: &str, fields: Value) -> io::Result<()> {
        let second = self.lines / 4;
        let mut line = json!({
            "parentUuid": format!("{}-{:08x}", self.id, self.lines.wrapping_sub(1)), "isSidechain": false, "userType": "external",
            "cwd": "/home/dev/project", "sessionId": self.id, "version": "2.1.38", "gitBranch": "main", "type": kind,
            "uuid": format!("{}-{:08x}", self.id, self.lines),
            "timestamp": format!("2026-02-{:02}T{:02}:{:02}:{:02}.{:03}Z", 1 + second / 86_400 % 27, second / 3600 % 24, second / 60 % 60, second % 60, self.lines % 4 * 250),
        });
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        let text = line.to_string();
        self.written += text.len() as u64 + 1;
        self.lines += 1;
        writeln!(self.out, "{text}")
    }
}
