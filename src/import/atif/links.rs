//! Which documents are one run: segments that continue each other, and sub-agents in files of their own.
//!
//! Documents name each other by file name (`trajectory.cont-1.json`). Where the files of several runs lie in one folder,
//! they have something before that name, and only those with the same beginning belong together.

use super::super::ImportError;
use super::super::files::LogFile;
use super::super::source::{Job, Source};
use super::convert::convert;
use super::document::Document;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The name that Harbor gives a document, after which come the ending or a word on what part of a run it is.
const NAME: &str = "trajectory";

/// The files of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct RunFiles {
    /// The documents that continue each other, in order; there is one at least.
    pub(super) segments: Vec<LogFile>,
    /// Sub-agents in files of their own, with the names by which documents refer to them.
    pub(super) subagents: Vec<(String, LogFile)>,
}

/// What a document says of other files.
#[derive(Debug, Default)]
struct Links {
    continued: Option<String>,
    subagents: Vec<String>,
}

/// A file among those of its folder.
struct Member {
    source: Source,
    file: LogFile,
    links: Links,
}

/// One job per run. A document is opened here only when there are others beside it.
pub(super) fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let mut folders: BTreeMap<PathBuf, Vec<Member>> = BTreeMap::new();
    let mut jobs = Vec::new();
    for source in sources {
        let file = match source.file() {
            Ok(file) => file.clone(),
            Err(error) => {
                jobs.push(Err(error));
                continue;
            }
        };
        let folder = file.name().parent().map(PathBuf::from).unwrap_or_default();
        folders.entry(folder).or_default().push(Member { source, file, links: Links::default() });
    }
    for mut members in folders.into_values() {
        if members.len() > 1 {
            for member in &mut members {
                // One that cannot be read says so when it is imported.
                member.links = Links::of(&member.file).unwrap_or_default();
            }
        }
        members.sort_by(|a, b| a.file.name().cmp(b.file.name()));
        jobs.extend(runs_of(&members).into_iter().map(|(source, files)| {
            Ok(source.job(move |source, sink| convert(source, &files, sink)))
        }));
    }
    jobs
}

impl Links {
    fn of(file: &LogFile) -> Result<Self, ImportError> {
        let document = Document::read(file)?;
        let continued = document.rest.peek("continued_trajectory_ref").and_then(Value::as_str);
        let mut links = Self { continued: continued.map(last_part), subagents: Vec::new() };
        for step in &document.steps {
            links.subagents.extend(references(step).filter_map(|r| r.path));
        }
        Ok(links)
    }
}

/// A step's reference to a sub-agent.
#[derive(Debug, Default)]
pub(super) struct Reference {
    pub(super) id: Option<String>,
    /// The last part of the path, which is that of another machine.
    pub(super) path: Option<String>,
}

/// The sub-agents that a step refers to.
pub(super) fn references(step: &Value) -> impl Iterator<Item = Reference> + '_ {
    let results = step.get("observation").and_then(|o| o.get("results")).and_then(Value::as_array);
    results.into_iter().flatten().flat_map(of_result)
}

/// The sub-agents that a result refers to; ATIF before 1.2 has one reference in place of a list.
pub(super) fn of_result(result: &Value) -> Vec<Reference> {
    let one_or_many = match result.get("subagent_trajectory_ref") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let text = |r: &Value, name: &str| r.get(name).and_then(Value::as_str).map(str::to_owned);
    one_or_many
        .iter()
        .map(|r| Reference {
            id: text(r, "trajectory_id").or_else(|| text(r, "session_id")),
            path: text(r, "trajectory_path").map(|p| last_part(&p)),
        })
        .collect()
}

/// Puts the files of one folder together.
fn runs_of(members: &[Member]) -> Vec<(Source, RunFiles)> {
    let names: Vec<String> = members.iter().map(|m| m.file.file_name().to_owned()).collect();
    let find = |from: usize, reference: &str| {
        let prefix = prefix_of(&names[from]);
        let beside = format!("{prefix}{reference}");
        names
            .iter()
            .position(|n| *n == beside)
            .or_else(|| names.iter().position(|n| n == reference))
    };
    // What follows a document, and whose sub-agent one is; a document is only one of these, and of one other.
    let mut next: BTreeMap<usize, usize> = BTreeMap::new();
    let mut below: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (at, member) in members.iter().enumerate() {
        let by_reference = member.links.continued.as_deref().and_then(|r| find(at, r));
        let by_name = || names.iter().position(|n| continues(&names[at], n));
        if let Some(to) = by_reference.or_else(by_name).filter(|to| *to != at && taken.insert(*to))
        {
            next.insert(at, to);
        }
    }
    for (at, member) in members.iter().enumerate() {
        for reference in &member.links.subagents {
            if let Some(to) = find(at, reference).filter(|to| *to != at && taken.insert(*to)) {
                below.insert(to, (at, reference.clone()));
            }
        }
    }
    let root_of = |start: usize| {
        let mut at = start;
        // Longer than the list of files is a circle.
        for _ in 0..names.len() {
            let before = next.iter().find(|(_, to)| **to == at).map(|(from, _)| *from);
            match before.or_else(|| below.get(&at).map(|(parent, _)| *parent)) {
                Some(up) => at = up,
                None => return Some(at),
            }
        }
        None
    };
    // In a circle nobody is first: each is a run of its own.
    let roots: Vec<usize> = (0..names.len()).map(|at| root_of(at).unwrap_or(at)).collect();
    let mut runs = Vec::new();
    for (root, member) in members.iter().enumerate().filter(|(at, _)| roots[*at] == *at) {
        let mut files = RunFiles { segments: vec![member.file.clone()], subagents: Vec::new() };
        let mut at = root;
        while let Some(&to) = next.get(&at).filter(|to| roots[**to] == root) {
            files.segments.push(members[to].file.clone());
            at = to;
        }
        for (sub, (_, reference)) in below.iter().filter(|(sub, _)| roots[**sub] == root) {
            files.subagents.push((reference.clone(), members[*sub].file.clone()));
            let mut at = *sub;
            while let Some(&to) = next.get(&at).filter(|to| roots[**to] == root) {
                files.subagents.push((names[to].clone(), members[to].file.clone()));
                at = to;
            }
        }
        runs.push((member.source.clone(), files));
    }
    runs
}

/// What stands before the name that Harbor gives a document.
fn prefix_of(name: &str) -> &str {
    name.rfind(NAME).map_or("", |at| &name[..at])
}

/// Whether `to` is by its name the segment after `from`: `trajectory.json`, `trajectory.cont-1.json`, ...
fn continues(from: &str, to: &str) -> bool {
    let number = |name: &str| {
        let rest = name.strip_prefix(prefix_of(name))?.strip_prefix(NAME)?;
        match rest {
            ".json" => Some(0),
            rest => rest.strip_prefix(".cont-")?.strip_suffix(".json")?.parse::<u32>().ok(),
        }
    };
    prefix_of(from) == prefix_of(to)
        && matches!((number(from), number(to)), (Some(a), Some(b)) if a.checked_add(1) == Some(b))
}

fn last_part(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_by_number_and_beginning() {
        assert!(continues("trajectory.json", "trajectory.cont-1.json"));
        assert!(continues("a.trajectory.cont-9.json", "a.trajectory.cont-10.json"));
        assert!(!continues("a.trajectory.json", "b.trajectory.cont-1.json"));
        assert!(!continues("trajectory.json", "trajectory.cont-2.json"));
        assert!(!continues("trajectory.cont-4294967295.json", "trajectory.json"));
        assert_eq!(last_part("/logs/agent\\trajectory.json"), "trajectory.json");
    }
}
