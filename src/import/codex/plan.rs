//! Which rollouts are one run, and what in them is a copy of what stands in another.
//!
//! A sub-agent has a file of its own and belongs to the run of the thread that started it. A fork is a run of its own
//! that begins with a copy of another thread's history, token counts included; so may a sub-agent's file, and a session
//! that was resumed under the same id in a new file. Copies are counted where they were first.

use super::survey::Survey;
use super::tokens::Counts;
use crate::trace::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Microseconds between the start of a review and that of the sub-agent that does it.
const REVIEW_MICROS: i64 = 1_000_000;
/// Records among which one is looked for that is no item.
const AROUND: usize = 64;
/// Origins that are remembered; an account lists no more.
const ORIGINS: usize = 1000;

/// One file of a run.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) survey: Survey,
    /// The id of its thread, as the rows name it.
    pub(super) thread: String,
    pub(super) copies: Copies,
    /// What a user should know about how it was placed.
    pub(super) warnings: Vec<String>,
}

/// What of a file is a copy.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// The file it was copied from.
    pub(super) from: PathBuf,
    /// The last line that is a copy, 0 for none.
    pub(super) until: usize,
    /// The last line whose token count is a copy, 0 for none.
    pub(super) counted_until: usize,
    /// It is the same thread in another file: its session line is a copy as well.
    pub(super) same_thread: bool,
    /// Lines, each with the line it repeats.
    origins: Vec<(usize, usize)>,
}

impl Copies {
    /// What a line repeats, in words.
    pub(super) fn origin(&self, line: usize) -> String {
        let from = self.from.display();
        match self.origins.binary_search_by_key(&line, |(copy, _)| *copy) {
            Ok(at) => format!("{from}:{}", self.origins[at].1),
            Err(_) => from.to_string(),
        }
    }
}

/// Groups files into runs, each with its main thread first.
pub(super) fn runs(surveys: Vec<Survey>) -> Vec<Vec<Member>> {
    let ids = by_thread(&surveys);
    let mut warnings: Vec<Vec<String>> = Vec::new();
    let mut above: Vec<Option<usize>> = Vec::new();
    let mut history: Vec<Option<usize>> = Vec::new();
    for index in 0..surveys.len() {
        let mut said = Vec::new();
        let (up, from) = place(index, &surveys, &ids, &mut said);
        warnings.push(said);
        above.push(up);
        history.push(from);
    }
    let copies: Vec<Copies> = surveys
        .iter()
        .zip(&history)
        .map(|(survey, from)| from.map_or_else(Copies::default, |f| copies_of(survey, &surveys[f])))
        .collect();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..surveys.len() {
        groups.entry(root(index, &above)).or_default().push(index);
    }
    let mut members: Vec<Option<Member>> = surveys
        .into_iter()
        .zip(copies)
        .zip(warnings)
        .map(|((survey, copies), warnings)| {
            let thread = survey.thread.clone().unwrap_or_default();
            Some(Member { survey, thread, copies, warnings })
        })
        .collect();
    groups
        .into_iter()
        .map(|(root, group)| {
            let order = in_order(root, &group, &above);
            order.into_iter().filter_map(|i| members[i].take()).collect()
        })
        .collect()
}

/// The files of each thread, the first one first.
fn by_thread(surveys: &[Survey]) -> BTreeMap<&str, Vec<usize>> {
    let mut ids: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, survey) in surveys.iter().enumerate() {
        if let Some(thread) = &survey.thread {
            ids.entry(thread).or_default().push(index);
        }
    }
    for files in ids.values_mut() {
        files.sort_by_key(|i| (surveys[*i].start, surveys[*i].vectors.len(), *i));
    }
    ids
}

/// The file to whose run a file belongs, if not a run of its own, and the file whose history it may repeat.
fn place(
    index: usize,
    surveys: &[Survey],
    ids: &BTreeMap<&str, Vec<usize>>,
    warnings: &mut Vec<String>,
) -> (Option<usize>, Option<usize>) {
    let survey = &surveys[index];
    let first = |id: &Option<String>| {
        id.as_deref().and_then(|id| ids.get(id)).and_then(|files| files.first()).copied()
    };
    let Some(thread) = &survey.thread else {
        let from = same_records(index, surveys);
        let whole = from.filter(|from| same_throughout(survey, &surveys[*from]));
        return (whole, from);
    };
    if let Some(original) = first(&survey.thread).filter(|o| *o != index) {
        return (Some(original), Some(original));
    }
    let copied = survey.copied.iter().find_map(|id| first(&Some(id.clone())));
    if let Some(from) = survey.forked_from.as_ref().filter(|f| !ids.contains_key(f.as_str())) {
        warnings.push(format!(
            "thread {thread} was forked from {from}, which is not among the files: what is copied from it is counted here"
        ));
    }
    let forked_from = first(&survey.forked_from).or(copied);
    if survey.agent.is_none() {
        return (None, forked_from);
    }
    let parent = first(&survey.parent).or_else(|| reviewed_by(index, surveys));
    if parent.is_none() {
        warnings.push(match &survey.parent {
            Some(parent) => format!(
                "thread {thread} is a sub-agent of {parent}, which is not among the files: it is a run of its own"
            ),
            None => format!(
                "thread {thread} is a sub-agent of a thread that it does not name: it is a run of its own"
            ),
        });
    }
    (parent, forked_from.or(parent))
}

/// The thread that began a review when this reviewer was started in the same folder.
fn reviewed_by(index: usize, surveys: &[Survey]) -> Option<usize> {
    let survey = &surveys[index];
    let start = survey.start.filter(|_| survey.agent.as_deref() == Some("review"))?;
    let near = |ts: &Timestamp| start.micros_since(*ts).abs() <= REVIEW_MICROS;
    surveys.iter().enumerate().position(|(i, other)| {
        i != index
            && other.agent.is_none()
            && other.cwd == survey.cwd
            && other.reviews.iter().any(near)
    })
}

/// Of files without ids: the one that has the same first token count at the same time, and ends before this one.
fn same_records(index: usize, surveys: &[Survey]) -> Option<usize> {
    let first = |s: &Survey| s.vectors.first().filter(|v| v.ts.is_some()).map(|v| (v.ts, v.counts));
    let own = first(&surveys[index])?;
    let rank = |i: usize| (surveys[i].vectors.len(), i);
    (0..surveys.len())
        .filter(|i| {
            surveys[*i].thread.is_none()
                && rank(*i) < rank(index)
                && first(&surveys[*i]) == Some(own)
        })
        .min_by_key(|i| rank(*i))
}

/// Whether two files hold the same thread to its end.
fn same_throughout(one: &Survey, other: &Survey) -> bool {
    one.vectors.iter().map(counts).eq(other.vectors.iter().map(counts))
        && one.prints.iter().map(|p| p.hash).eq(other.prints.iter().map(|p| p.hash))
}

/// The main thread of a file's run. Threads that claim to have started each other are ended at the first of them.
fn root(index: usize, above: &[Option<usize>]) -> usize {
    let mut seen = BTreeSet::from([index]);
    let mut at = index;
    while let Some(up) = above[at] {
        if !seen.insert(up) {
            // A circle: whoever comes first in it.
            let mut circle = up;
            let mut least = up;
            while let Some(next) = above[circle].filter(|n| *n != up) {
                circle = next;
                least = least.min(next);
            }
            return least;
        }
        at = up;
    }
    at
}

/// The files of a run: the main thread, then those below each thread as it was started.
fn in_order(root: usize, group: &[usize], above: &[Option<usize>]) -> Vec<usize> {
    let mut order = vec![root];
    let mut at = 0;
    while at < order.len() {
        let parent = order[at];
        let below = group.iter().filter(|i| above[**i] == Some(parent) && !order.contains(i));
        let below: Vec<usize> = below.copied().collect();
        order.extend(below);
        at += 1;
    }
    order
}

fn copies_of(child: &Survey, parent: &Survey) -> Copies {
    let mut copies = Copies { from: parent.file.name().to_owned(), ..Copies::default() };
    let same = |(a, b): &(&_, &_)| counts(a) == counts(b);
    for (copy, origin) in child.vectors.iter().zip(&parent.vectors).take_while(same) {
        copies.counted_until = copy.line;
        copies.origins.push((copy.line, origin.line));
    }
    copies.until = copies.counted_until.max(child.inherited);
    // Without a sign that history was copied, equal items are two threads that begin alike.
    let declared = child.forked_from.is_some() || !child.copied.is_empty();
    copies.same_thread = child.thread.is_some() && child.thread == parent.thread;
    if declared || copies.same_thread || copies.until > 0 {
        let mut rest = parent.prints.iter();
        for print in &child.prints {
            // An item that is not in the other file ends the copy; what stands around items may differ.
            let mut ahead = rest.clone();
            let within = if print.item { usize::MAX } else { AROUND };
            match ahead.by_ref().take(within).find(|other| other.hash == print.hash) {
                Some(origin) => {
                    copies.until = copies.until.max(print.line);
                    copies.origins.push((print.line, origin.line));
                    rest = ahead;
                }
                None if print.item => break,
                None => {}
            }
        }
    }
    copies.origins.sort_unstable();
    copies.origins.dedup_by_key(|(copy, _)| *copy);
    copies.origins.truncate(ORIGINS);
    copies
}

fn counts(vector: &super::survey::Vector) -> Counts {
    vector.counts
}
