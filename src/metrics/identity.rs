//! What a metric is, whatever it is called: a hash of everything that its value depends on but the rows.
//!
//! Two metrics with one hash give the same values of the same rows. The hash covers the expression, the level, the gate,
//! the values of the parameters and, likewise, every metric that it uses; label, unit and doc are not in it.

use super::pack::Pack;
use super::plan::{Node, Plan, Step, row_columns};
use crate::rollup::{ROLLUP_RUNS_SQL, ROLLUP_SQL};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What identifies a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricIdentity {
    /// SHA-256 of its definition, in hexadecimal.
    pub hash: String,
    /// Whether its value depends on which other runs there are.
    pub relative: bool,
    /// The columns of the views that it looks at, by itself and through other metrics.
    pub columns: BTreeSet<String>,
    /// The parameters that it looks at, in the same way.
    pub parameters: BTreeSet<String>,
    /// The gates that it is under, or looks through.
    pub gates: BTreeSet<String>,
}

/// The identity of every metric that can be evaluated, by name.
pub fn identities(pack: &Pack) -> BTreeMap<String, MetricIdentity> {
    let plan = Plan::of(pack, None);
    let mut known: BTreeMap<Node, MetricIdentity> = BTreeMap::new();
    // Steps come after those that they use.
    for step in &plan.steps {
        let identity = identify(pack, step, &known);
        known.insert(step.node.clone(), identity);
    }
    let own = |name: &str| pack.metric(name).map(|m| m.gate.clone());
    known
        .into_iter()
        .filter(|((name, gate), _)| own(name).is_some_and(|own| own == *gate))
        .map(|((name, _), identity)| (name, identity))
        .collect()
}

fn identify(pack: &Pack, step: &Step, known: &BTreeMap<Node, MetricIdentity>) -> MetricIdentity {
    let mut identity = MetricIdentity {
        hash: String::new(),
        relative: step.relative,
        columns: BTreeSet::new(),
        parameters: BTreeSet::new(),
        gates: BTreeSet::new(),
    };
    let (level, over) = (step.level.name(), step.over.name());
    let sql = pack.metric(&step.node.0).map(|m| m.sql.as_str()).unwrap_or_default();
    let mut text =
        format!("metric 1\n{ROLLUP_SQL}\n{ROLLUP_RUNS_SQL}\n{level} over {over}\n{sql}\n");
    let mut columns = step.expression.columns.clone();
    if let Some(gate) = step.node.1.as_ref().and_then(|g| pack.gate(g)) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", gate.text());
        columns.extend(gate.columns());
        columns.insert("score".to_owned());
        identity.gates.insert(gate.name.clone());
    }
    let rows = row_columns(pack, step.over);
    for column in &columns {
        let parameter = pack.parameters.get_key_value(column).or_else(|| {
            column.strip_suffix("_sum").and_then(|name| pack.parameters.get_key_value(name))
        });
        if let Some((name, parameter)) = parameter {
            let _ = writeln!(text, "{name} = {}", parameter.value.text());
            identity.parameters.insert(name.clone());
        } else if rows.contains(column) {
            identity.columns.insert(column.clone());
        }
    }
    for node in &step.uses {
        if let Some(used) = known.get(node) {
            let _ = writeln!(text, "{} is {}", node.0, used.hash);
            identity.columns.extend(used.columns.iter().cloned());
            identity.parameters.extend(used.parameters.iter().cloned());
            identity.gates.extend(used.gates.iter().cloned());
        }
    }
    // Metrics see rollups, not traces, where the function is that does this.
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(identity.hash, "{byte:02x}");
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(body: &str) -> BTreeMap<String, MetricIdentity> {
        identities(&Pack::parse("p.toml", &format!("[pack]\nname = \"p\"\n{body}")).unwrap())
    }

    fn metric(name: &str, sql: &str) -> String {
        format!("[[metric]]\nname = \"{name}\"\nlevel = \"run\"\nsql = \"{sql}\"\ndoc = \"d\"\n")
    }

    #[test]
    fn the_hash_is_of_what_a_metric_does() {
        let gate = |value: u32, doc: &str| {
            format!("[parameters.gate]\nvalue = {value}\ndoc = \"{doc}\"\n")
        };
        let sql = "SUM(CASE WHEN score >= gate THEN 1 END)";
        let one = pack(&(gate(60, "a") + &metric("a", sql)));
        let renamed = pack(&(gate(60, "other words") + &metric("b", sql)));
        let stricter = pack(&(gate(80, "a") + &metric("a", sql)));
        assert_eq!(one["a"].hash, renamed["b"].hash);
        assert_ne!(one["a"].hash, stricter["a"].hash);
        assert_eq!(one["a"].hash.len(), 64);
    }

    #[test]
    fn what_a_metric_uses_is_part_of_it() {
        let uses = |sql: &str| pack(&(metric("inner", sql) + &metric("outer", "MAX(inner)")));
        let (a, b) = (uses("AVG(score)"), uses("MIN(score)"));
        assert_ne!(a["outer"].hash, b["outer"].hash);
        assert!(a["outer"].columns.contains("score"));
        assert!(!a["outer"].relative);
        let relative =
            pack(&metric("r", "cost_usd / MAX(cost_usd)").replace("doc", "over = \"runs\"\ndoc"));
        assert!(relative["r"].relative);
    }

    #[test]
    fn under_a_gate_a_metric_is_another_one() {
        let gate = "[[gate]]\nname = \"g\"\nthreshold = 90\nfailing = \"zero\"\n".to_owned();
        let both = pack(
            &(gate
                + &metric("m", "AVG(score)")
                + "[[metric]]\nname = \"gated\"\nof = \"m\"\ngate = \"g\"\n"),
        );
        assert_ne!(both["m"].hash, both["gated"].hash);
        assert!(both["gated"].gates.contains("g") && both["m"].gates.is_empty());
    }
}
