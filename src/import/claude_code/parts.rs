//! A large file, scanned in parts at once.
//!
//! Parts are as long whatever the machine has, so that what is found does not depend on it. Lines of sub-agents that stand
//! among those of the main agent belong to one or the other by what came before them: such a file is scanned from front to
//! back.

use super::super::ImportError;
use super::super::files::LogFile;
use super::scan::{LISTED, Scanned};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::collections::hash_map::Entry;

/// Bytes of a part.
const PART_BYTES: u64 = 32 << 20;
/// Parts that are in memory at once, beside what was found before them.
const AT_ONCE: usize = 8;

/// Scans a file.
pub(super) fn scan(file: &LogFile) -> Result<Scanned, ImportError> {
    scan_in_parts(file, PART_BYTES)
}

fn scan_in_parts(file: &LogFile, bytes: u64) -> Result<Scanned, ImportError> {
    let parts = file.parts(bytes)?;
    if parts.len() < 2 {
        return Scanned::of(file);
    }
    let mut all = Scanned::default();
    let mut before = 0_u32;
    for group in parts.chunks(AT_ONCE) {
        let found: Vec<_> = group.par_iter().map(Scanned::with_length).collect();
        for part in found {
            let (part, lines) = part?;
            let after = lines.and_then(|n| before.checked_add(u32::try_from(n).ok()?));
            let Some(after) = after.filter(|_| part.side_lines == 0) else {
                return Scanned::of(file);
            };
            all.append(part, before);
            before = after;
        }
    }
    all.lines.shrink_to_fit();
    Ok(all)
}

impl Scanned {
    /// Takes over what the next part of the file has, of which the first line follows on so many.
    fn append(&mut self, mut part: Self, before: u32) {
        self.calls.reserve(part.calls.len());
        for (id, mut call) in part.calls {
            call.first_line += before;
            call.last_line += before;
            match self.calls.entry(id) {
                Entry::Vacant(new) => {
                    new.insert(call);
                }
                Entry::Occupied(known) => {
                    let known = known.into_mut();
                    known.merge(&call);
                    known.last_line = call.last_line;
                    known.ended = known.ended.max(call.ended);
                    // It was counted where it began.
                    let counted = call.model.and_then(|m| part.models.get_mut(usize::from(m)));
                    if let Some((_, calls)) = counted {
                        *calls -= 1;
                    }
                }
            }
        }
        for (model, calls) in part.models.iter().filter(|(_, calls)| *calls > 0) {
            self.count_model(model, *calls);
        }
        self.lines.extend(part.lines.into_iter().map(|(id, line)| (id, line + before)));
        for (session, lines) in part.sessions {
            if self.sessions.len() < LISTED || self.sessions.contains_key(&session) {
                *self.sessions.entry(session).or_default() += lines;
            }
        }
        self.last_session = part.last_session.or(self.last_session.take());
        self.agent = self.agent.take().or(part.agent);
        self.main_lines += part.main_lines;
        self.first_time = self.first_time.or(part.first_time);
        self.earliest = match (self.earliest, part.earliest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.latest = self.latest.max(part.latest);
        for (all, more) in [
            (&mut self.versions, part.versions),
            (&mut self.folders, part.folders),
            (&mut self.branches, part.branches),
        ] {
            add_listed(all, more);
        }
        for (name, value) in part.constants {
            self.constants.entry(name).or_insert(value);
        }
    }
}

fn add_listed(all: &mut BTreeSet<String>, more: BTreeSet<String>) {
    for value in more {
        if all.len() < LISTED {
            all.insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::files::find_files;
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    /// A session of many calls, each over lines that are far from each other.
    fn session(inline_agents: bool) -> String {
        let mut lines = Vec::new();
        for n in 0..400_i64 {
            let line = json!({
                "type": if n % 5 == 0 { "user" } else { "assistant" },
                "uuid": format!("u{}", n % 390), "sessionId": if n < 300 { "s" } else { "t" },
                "timestamp": format!("2026-02-01T00:{:02}:{:02}Z", (n * 7 % 60), n % 60),
                "version": format!("2.{}", n / 100), "cwd": format!("/{}", n % 3), "gitBranch": "main",
                "isSidechain": inline_agents && n > 300,
                "message": {
                    "id": format!("m{}", n * 31 % 120), "model": format!("model-{}", n * 31 % 120 % 7),
                    "stop_reason": (n % 4 == 0).then_some("end_turn"), "content": "x".repeat(50),
                    "usage": {"input_tokens": n % 17, "output_tokens": n},
                },
            });
            lines.push(line.to_string());
            if n % 50 == 0 {
                lines.push("\n{broken\r\n   ".to_owned());
            }
        }
        lines.join("\n") + "\n"
    }

    fn found(mut scanned: Scanned) -> String {
        let calls: BTreeMap<u64, String> = std::mem::take(&mut scanned.calls)
            .into_iter()
            .map(|(id, mut call)| {
                call.model = None;
                (id, format!("{call:?}"))
            })
            .collect();
        format!("{calls:?} {scanned:?}")
    }

    #[test]
    fn parts_find_what_the_whole_finds() {
        let folder = tempfile::tempdir().unwrap();
        for (text, takes_parts) in [
            (session(false), true),
            (session(false).trim_end().to_owned(), true),
            (session(true), false),
        ] {
            let path = folder.path().join("s.jsonl");
            std::fs::write(&path, text).unwrap();
            let file = find_files(&path).unwrap().remove(0);
            let whole = found(Scanned::of(&file).unwrap());
            for bytes in [1, 100, 1000, 7777, 1 << 20] {
                assert_eq!(found(scan_in_parts(&file, bytes).unwrap()), whole, "{bytes}");
            }
            let side = Scanned::of(&file).unwrap().side_lines;
            assert_eq!(side == 0, takes_parts);
        }
    }
}
