//! Spans into runs: a run is a conversation or a session, which may have many traces, or else a trace.

use super::super::ImportReport;
use super::index::Index;
use std::collections::{BTreeMap, HashMap};

/// The spans of one run, and the account of what came with them.
#[derive(Debug)]
pub(super) struct Group {
    /// Its conversation or its trace; none for spans that name neither.
    pub(super) id: Option<String>,
    /// Its spans by trace, the earliest trace first; those of no trace have one each.
    pub(super) traces: Vec<Vec<u32>>,
    pub(super) account: ImportReport,
}

impl Group {
    /// All spans.
    pub(super) fn spans(&self) -> impl Iterator<Item = u32> + '_ {
        self.traces.iter().flatten().copied()
    }
}

/// What holds spans together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Tie {
    Trace(u32),
    Conversation(u32),
    /// Spans without a trace and a conversation are together when they are in one file.
    File(u32),
}

/// The runs, in the order of their first spans, with the accounts of their files.
pub(super) fn groups(index: &mut Index) -> Vec<Group> {
    let mut found: Vec<Group> = Vec::new();
    for spans in together(index) {
        let entry = |i: &u32| &index.spans[*i as usize];
        if !spans.iter().any(|i| entry(i).is_of_agent || entry(i).seq.is_some()) {
            for i in spans {
                let file = entry(&i).file as usize;
                index.accounts[file].skip("span of a trace without an agent", 1);
            }
            continue;
        }
        let first = spans.iter().filter(|i| entry(i).conversation != 0);
        let first = first.min_by_key(|i| (entry(i).start_ns.unwrap_or(u64::MAX), **i));
        let id = first
            .map(|i| entry(i).conversation)
            .or_else(|| spans.iter().map(|i| entry(i).trace).find(|t| *t != 0));
        let id = id.map(|id| index.texts.get(id).to_owned());
        let mut traces: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for i in spans {
            let trace = entry(&i).trace;
            traces.entry((trace, if trace == 0 { i } else { 0 })).or_default().push(i);
        }
        let mut traces: Vec<Vec<u32>> = traces.into_values().collect();
        traces.sort_by_key(|spans| {
            (spans.iter().filter_map(|i| entry(i).start_ns).min(), spans.iter().min().copied())
        });
        found.push(Group { id, traces, account: ImportReport::default() });
    }
    give_accounts(index, &mut found);
    found
}

/// Adds the account of each file to the first run in it; of one without any, to the first run of all.
fn give_accounts(index: &mut Index, groups: &mut [Group]) {
    let mut first = vec![0; index.accounts.len()];
    for (place, group) in groups.iter().enumerate().rev() {
        for i in group.spans() {
            first[index.spans[i as usize].file as usize] = place;
        }
    }
    for (account, place) in index.accounts.iter_mut().zip(first) {
        if let Some(group) = groups.get_mut(place) {
            group.account.add(std::mem::take(account));
        }
    }
}

/// The spans that are tied to each other, each list in the order of the files.
fn together(index: &Index) -> Vec<Vec<u32>> {
    let mut ties: HashMap<Tie, usize> = HashMap::new();
    let mut parents: Vec<usize> = Vec::new();
    let mut of_span: Vec<usize> = Vec::with_capacity(index.spans.len());
    for entry in &index.spans {
        let trace = Some(Tie::Trace(entry.trace)).filter(|_| entry.trace != 0);
        let conversation =
            Some(Tie::Conversation(entry.conversation)).filter(|_| entry.conversation != 0);
        let mut node = |tie: Tie| {
            *ties.entry(tie).or_insert_with(|| {
                parents.push(parents.len());
                parents.len() - 1
            })
        };
        let first = node(trace.or(conversation).unwrap_or(Tie::File(entry.file)));
        let second = conversation.map_or(first, node);
        let (a, b) = (root(&mut parents, first), root(&mut parents, second));
        // The earlier one stays the root, so that the order is that of the files.
        parents[a.max(b)] = a.min(b);
        of_span.push(first);
    }
    let mut lists: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (i, node) in of_span.into_iter().enumerate() {
        let root = root(&mut parents, node);
        lists.entry(root).or_default().extend(u32::try_from(i));
    }
    lists.into_values().collect()
}

fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}
