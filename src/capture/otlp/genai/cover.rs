//! Which spans of a trace count, so that every token counts once.
//!
//! A span *carries* a call when it is one, or when it has tokens. What has a carrier below it is a sum or a wrapper, and does
//! not count: the innermost carriers do. One thing stands in between: what an agent or a tool does below an LLM call is no
//! part of its request. When nothing below a sum has any tokens, the last call below gets those of the sum.

use super::role::Role;
use std::collections::HashMap;

/// Ancestors that are looked at: more than any agent nests, and an end to cycles.
const HIGHEST: usize = 500;

/// What is asked of a span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) id: &'a str,
    pub(super) parent: Option<&'a str>,
    pub(super) role: Role,
    pub(super) has_usage: bool,
    pub(super) failed: bool,
    /// Which tool it calls, when it does.
    pub(super) tool: Option<&'a str>,
    pub(super) end_ns: Option<u64>,
    /// For a span that was decided before: whether it has a row with tokens of its own.
    pub(super) decided: Option<bool>,
}

impl Node<'_> {
    fn carries(&self) -> bool {
        self.role == Role::Llm || self.has_usage
    }
}

/// Where the tokens of a span are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// With itself, if it has any.
    #[default]
    Own,
    /// With what is below it: it is a sum or a wrapper.
    Covered,
    /// With a span above it, which came first.
    Late,
}

/// What becomes of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Verdict {
    pub(super) standing: Standing,
    /// It is the same tool call as the one above it, seen by the tool's client.
    pub(super) same_call: bool,
    /// Something below it failed.
    pub(super) failed_below: bool,
    /// The span whose tokens it gets, and whether they are those of others as well.
    pub(super) usage_from: Option<(usize, bool)>,
    /// The wrapper around it and nothing else: it may know what this one does not.
    pub(super) wrapper: Option<usize>,
}

/// A verdict on each span.
pub(super) fn cover(nodes: &[Node<'_>]) -> Vec<Verdict> {
    let places: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .filter(|(_, n)| !n.id.is_empty())
        .map(|(i, n)| (n.id, i))
        .collect();
    let mut verdicts = vec![Verdict::default(); nodes.len()];
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        verdicts[i].same_call = is_same_call(nodes, &places, i);
        if node.failed && node.role != Role::Other {
            for above in ancestors(nodes, &places, i) {
                verdicts[above].failed_below = true;
            }
        }
        if !node.carries() {
            continue;
        }
        let mut inside_other = false;
        for above in ancestors(nodes, &places, i) {
            let is_other_request = nodes[above].role == Role::Llm && inside_other;
            if nodes[above].carries() && !is_other_request {
                below[above].push(i);
                verdicts[above].standing = Standing::Covered;
                if nodes[above].decided == Some(true)
                    && node.decided.is_none()
                    && verdicts[i].standing == Standing::Own
                {
                    verdicts[i].standing = Standing::Late;
                }
            }
            inside_other |= matches!(nodes[above].role, Role::Tool | Role::Around);
        }
    }
    let mut sums: Vec<(usize, usize)> = (0..nodes.len())
        .filter(|i| !below[*i].is_empty() && nodes[*i].decided.is_none())
        .map(|i| (ancestors(nodes, &places, i).count(), i))
        .collect();
    // The innermost sum gives first.
    sums.sort_by_key(|(depth, i)| (std::cmp::Reverse(*depth), *i));
    for (_, sum) in sums {
        give(nodes, &below[sum], sum, &mut verdicts);
    }
    verdicts
}

/// Whether the next agent, LLM call or tool call above a tool call is a call of the same tool.
fn is_same_call(nodes: &[Node<'_>], places: &HashMap<&str, usize>, i: usize) -> bool {
    let next = ancestors(nodes, places, i).find(|above| nodes[*above].role != Role::Other);
    nodes[i].tool.is_some() && next.is_some_and(|above| nodes[above].tool == nodes[i].tool)
}

/// Gives what a sum knows to the calls below it.
fn give(nodes: &[Node<'_>], below: &[usize], sum: usize, verdicts: &mut [Verdict]) {
    let innermost: Vec<usize> =
        below.iter().copied().filter(|i| verdicts[*i].standing != Standing::Covered).collect();
    let is_new = |i: &&usize| nodes[**i].decided.is_none();
    if let [only] = innermost.as_slice()
        && nodes[sum].role == Role::Llm
        && is_new(&only)
    {
        verdicts[*only].wrapper.get_or_insert(sum);
    }
    let known = |i: &usize| {
        nodes[*i].decided.unwrap_or(nodes[*i].has_usage) || verdicts[*i].usage_from.is_some()
    };
    if !nodes[sum].has_usage || innermost.is_empty() || innermost.iter().any(known) {
        return;
    }
    let last =
        innermost.iter().filter(is_new).max_by_key(|i| (!nodes[**i].failed, nodes[**i].end_ns));
    match last {
        Some(last) => verdicts[*last].usage_from = Some((sum, innermost.len() > 1)),
        // All of them have rows already: the sum gets its own.
        None => verdicts[sum].standing = Standing::Own,
    }
}

/// The spans above one, the nearest first.
fn ancestors<'n>(
    nodes: &'n [Node<'_>],
    places: &'n HashMap<&str, usize>,
    start: usize,
) -> impl Iterator<Item = usize> + 'n {
    let above = |i: usize| places.get(nodes[i].parent?).copied();
    std::iter::successors(above(start), move |i| above(*i))
        .take_while(move |i| *i != start)
        .take(HIGHEST)
}
