//! How a session begins: its facts, and what is true of it at first.

use super::super::ImportReport;
use super::super::claude::last_part;
use super::super::fields::Fields;
use super::ledger::{File, Ledger, Session};
use crate::trace::{RunFacts, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The beginning of a run.
pub(super) struct Start {
    pub(super) facts: RunFacts,
    pub(super) attributes: Fields,
    pub(super) constants: BTreeMap<&'static str, String>,
    pub(super) earliest: Option<Timestamp>,
    pub(super) latest: Option<Timestamp>,
}

/// What the files of a session say of it together.
pub(super) fn of(ledger: &Ledger, session: &Session, report: &mut ImportReport) -> Start {
    let all = || session.mains.iter().chain(&session.agents).filter_map(|n| ledger.file(*n));
    let scans = || all().map(|file| &file.scanned);
    let mut constants = BTreeMap::new();
    let mut models: Vec<(String, u64)> = Vec::new();
    let no_main = session.mains.is_empty();
    for scanned in scans() {
        for (name, value) in &scanned.constants {
            constants.entry(*name).or_insert_with(|| value.clone());
        }
        if scanned.is_of_agent() && !no_main {
            continue;
        }
        for (model, calls) in &scanned.models {
            match models.iter_mut().find(|(name, _)| name == model) {
                Some((_, sum)) => *sum += calls,
                None => models.push((model.clone(), *calls)),
            }
        }
    }
    // The most called; of equals, the first.
    let model = models.iter().rev().max_by_key(|(_, calls)| *calls).map(|(model, _)| model.clone());
    if model.is_none() {
        report.warn("no line names a model; it is stored as `unknown`");
    }
    let workload = constants.get("cwd").and_then(|cwd| last_part(cwd));
    let mut attributes = Fields::default();
    for (name, value) in &constants {
        attributes.keep(name, value.as_str());
    }
    for (name, values) in [
        ("versions", union(scans().map(|s| &s.versions))),
        ("folders", union(scans().map(|s| &s.folders))),
        ("branches", union(scans().map(|s| &s.branches))),
        ("sessions", scans().flat_map(|s| s.sessions.keys().map(String::as_str)).collect()),
    ] {
        if values.len() > 1 {
            attributes.keep(name, values.into_iter().collect::<Vec<_>>());
        }
    }
    if models.len() > 1 {
        let calls: serde_json::Map<_, _> = models.into_iter().map(|(m, n)| (m, n.into())).collect();
        attributes.keep("calls_per_model", calls);
    }
    let agents: BTreeSet<&str> =
        session.agents.iter().filter_map(|n| ledger.file(*n)).map(File::agent).collect();
    if !agents.is_empty() {
        attributes.keep("agents", agents.len());
    }
    Start {
        facts: RunFacts {
            run_id: session.id.clone(),
            workload: workload.unwrap_or("claude-code").to_owned(),
            model: model.unwrap_or_else(|| "unknown".to_owned()),
            provider: None,
            agent: Some("claude-code".to_owned()),
            protocol: None,
        },
        attributes,
        constants,
        earliest: scans().filter_map(|s| s.earliest).min(),
        latest: scans().filter_map(|s| s.latest).max(),
    }
}

fn union<'s>(sets: impl Iterator<Item = &'s BTreeSet<String>>) -> BTreeSet<&'s str> {
    sets.flatten().map(String::as_str).collect()
}
