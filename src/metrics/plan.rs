//! The order in which the metrics of a pack are evaluated.
//!
//! A metric comes after the metrics that it uses. Under a gate, everything that a metric uses is evaluated under that gate
//! too, unless it has a gate of its own.

use super::PackProblem;
use super::expression::Expression;
use super::pack::{Level, Metric, Over, Pack};
use super::parameter::ParameterValue;
use crate::rollup::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn};
use std::collections::{BTreeMap, BTreeSet};

/// A metric under a gate, or under none.
pub(super) type Node = (String, Option<String>);

/// One metric to evaluate.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) node: Node,
    pub(super) level: Level,
    pub(super) over: Over,
    pub(super) expression: Expression,
    /// The metrics that it uses.
    pub(super) uses: Vec<Node>,
    /// Steps that it waits for, at most: metrics of one depth do not use one another.
    pub(super) depth: usize,
    /// Whether its value depends on other runs.
    pub(super) relative: bool,
}

/// What can be evaluated, in order, and what cannot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) problems: Vec<PackProblem>,
}

impl Plan {
    /// Plans some metrics of a pack, or all of them, with what they use.
    pub(super) fn of(pack: &Pack, wanted: Option<&[&str]>) -> Self {
        let mut planner = Planner {
            pack,
            plan: Self::default(),
            seen: BTreeMap::new(),
            circular: BTreeSet::new(),
        };
        for metric in &pack.metrics {
            if wanted.is_none_or(|w| w.contains(&metric.name.as_str())) {
                planner.visit(&(metric.name.clone(), metric.gate.clone()), &mut Vec::new());
            }
        }
        planner.plan
    }

    /// The step of a node.
    pub(super) fn step(&self, node: &Node) -> Option<&Step> {
        self.steps.iter().find(|s| s.node == *node)
    }
}

/// The columns of the rows that an expression sees, metrics aside.
pub(super) fn row_columns(pack: &Pack, over: Over) -> BTreeSet<String> {
    let view: &[ViewColumn] = if over == Over::Stages { STAGE_COLUMNS } else { RUN_COLUMNS };
    let mut columns: BTreeSet<String> = view.iter().map(|c| c.name.to_owned()).collect();
    for (name, parameter) in &pack.parameters {
        match &parameter.value {
            ParameterValue::PerStage(_) => {
                columns.insert(format!("{name}_sum"));
                if over == Over::Stages {
                    columns.insert(name.clone());
                }
            }
            ParameterValue::PerWorkloadStage(_) if over == Over::Runs => {}
            ParameterValue::PerKey { column, .. } if !view.iter().any(|c| c.name == column) => {}
            _ => {
                columns.insert(name.clone());
            }
        }
    }
    columns
}

/// The columns that a metric can name, other metrics included.
fn nameable(pack: &Pack, metric: &Metric) -> BTreeSet<String> {
    let mut columns = row_columns(pack, metric.over);
    let visible = |m: &&Metric| m.name != metric.name && is_visible(m.level, metric.over);
    columns.extend(pack.metrics.iter().filter(visible).map(|m| m.name.clone()));
    columns
}

/// Whether a metric of a level is a column of some rows: those of runs do not have values per stage.
fn is_visible(level: Level, over: Over) -> bool {
    level != Level::Stage || over == Over::Stages
}

struct Planner<'a> {
    pack: &'a Pack,
    plan: Plan,
    /// Nodes visited, and whether they can be evaluated.
    seen: BTreeMap<Node, bool>,
    /// Nodes of a circle that was reported.
    circular: BTreeSet<Node>,
}

impl Planner<'_> {
    /// Plans a node and what it uses; whether it can be evaluated. `path` are the nodes that wait for it.
    fn visit(&mut self, node: &Node, path: &mut Vec<Node>) -> bool {
        if let Some(known) = self.seen.get(node) {
            return *known;
        }
        let Some(metric) = self.pack.metric(&node.0) else { return false };
        if let Some(start) = path.iter().position(|n| n == node) {
            let circle: Vec<&str> = path[start..].iter().map(|n| n.0.as_str()).collect();
            let problem = format!("uses itself: {} -> {}", circle.join(" -> "), node.0);
            self.circular.extend(path[start..].iter().cloned());
            self.report(metric, problem, None);
            return false;
        }
        path.push(node.clone());
        let step = self.step(metric, node, path);
        path.pop();
        let planned = step.is_some();
        self.plan.steps.extend(step);
        self.seen.insert(node.clone(), planned);
        planned
    }

    fn step(&mut self, metric: &Metric, node: &Node, path: &mut Vec<Node>) -> Option<Step> {
        let expression = match Expression::parse(&metric.sql) {
            Ok(expression) => expression,
            Err(problem) => {
                self.report(metric, problem, None);
                return None;
            }
        };
        if expression.windows && metric.level == Level::Run && metric.over == Over::Stages {
            let problem =
                "a window over the stages of a run belongs into a stage metric".to_owned();
            self.report(metric, problem, None);
            return None;
        }
        if let Some(problem) = node.1.as_ref().and_then(|gate| self.gate_problem(gate)) {
            self.report(metric, problem, None);
            return None;
        }
        let rows = row_columns(self.pack, metric.over);
        let mut uses: Vec<Node> = Vec::new();
        for column in &expression.columns {
            if rows.contains(column) {
                continue;
            }
            match self.pack.metric(column) {
                Some(used) if is_visible(used.level, metric.over) => {
                    let gate = used.gate.clone().or_else(|| node.1.clone());
                    uses.push((column.clone(), gate));
                }
                found => {
                    self.report_missing(metric, column, found);
                    return None;
                }
            }
        }
        for used in &uses {
            if !self.visit(used, path) {
                // A circle is reported once.
                if !self.circular.contains(node) {
                    let problem = format!("uses `{}`, which cannot be computed", used.0);
                    self.report(metric, problem, None);
                }
                return None;
            }
        }
        let used = |f: &dyn Fn(&Step) -> bool| uses.iter().filter_map(|n| self.plan.step(n)).any(f);
        let depth = uses.iter().filter_map(|n| self.plan.step(n)).map(|s| s.depth + 1).max();
        let looks_around = match (metric.level, metric.over) {
            (Level::Stage, _) | (Level::Run, Over::Stages) => expression.crosses_runs,
            (Level::Run, Over::Runs) => expression.aggregates || expression.windows,
            (Level::Cohort, _) => true,
        };
        Some(Step {
            relative: looks_around || used(&|s: &Step| s.relative),
            depth: depth.unwrap_or(0),
            node: node.clone(),
            level: metric.level,
            over: metric.over,
            expression,
            uses,
        })
    }

    /// What is wrong with the rule of a gate.
    fn gate_problem(&self, name: &str) -> Option<String> {
        let gate = self.pack.gate(name)?;
        let rows = row_columns(self.pack, Over::Stages);
        let problem = match Expression::parse(&gate.passes) {
            Err(problem) => problem,
            Ok(rule) if rule.aggregates || rule.windows => "looks at more than one row".to_owned(),
            Ok(rule) => {
                let missing = rule.columns.into_iter().find(|c| !rows.contains(c))?;
                format!("there is no column or parameter `{missing}`")
            }
        };
        Some(format!("gate `{name}` ({}:{}): {problem}", gate.file, gate.line))
    }

    fn report(&mut self, metric: &Metric, problem: String, hint: Option<String>) {
        let found = PackProblem {
            file: metric.file.clone(),
            line: metric.line,
            metric: Some(metric.name.clone()),
            problem,
            hint,
        };
        if !self.plan.problems.contains(&found) {
            self.plan.problems.push(found);
        }
    }

    fn report_missing(&mut self, metric: &Metric, column: &str, found: Option<&Metric>) {
        let columns = nameable(self.pack, metric);
        let problem = match found {
            Some(_) => {
                format!("`{column}` has a value per stage; use over = \"stages\" to aggregate it")
            }
            None => format!("there is no column, parameter or metric `{column}`"),
        };
        let closest = columns
            .iter()
            .map(|name| (strsim::jaro_winkler(column, name), name))
            .filter(|(likeness, _)| *likeness > 0.85)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let meant = closest.map(|(_, name)| format!("did you mean `{name}`? ")).unwrap_or_default();
        let all = columns.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let line = metric.sql.lines().position(|l| has_word(l, column)).unwrap_or(0);
        let text = metric.sql.lines().nth(line).unwrap_or_default().trim().to_owned();
        let found = PackProblem {
            file: metric.file.clone(),
            line: metric.line + line,
            metric: Some(metric.name.clone()),
            problem: format!("{problem}, in `{text}`"),
            hint: Some(format!("{meant}the columns here are {all}")),
        };
        if !self.plan.problems.contains(&found) {
            self.plan.problems.push(found);
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}
