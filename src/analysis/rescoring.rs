//! The scores of a store, computed only where they are not kept from before.
//!
//! A value depends on the rows of its run, on the metric, and on nothing else, unless the metric looks at costs (then on
//! the cost basis) or at other runs (then on the cohort). These make its key; see [`KeptScores`].

use crate::metrics::{
    KeptScore, KeptScores, Level, Metric, MetricError, MetricIdentity, Pack, PackProblem, ScoreKey,
    Scores, identities,
};
use crate::trace::{Store, TraceError, hexadecimal};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The runs of a store with the hashes of their rows.
#[derive(Debug, Clone)]
pub struct ScoredRuns {
    /// By workload, model, then run.
    pub runs: Vec<ScoredRun>,
    /// Workloads with the hash of their cohort.
    pub cohorts: Vec<(String, Arc<str>)>,
}

/// A run that is scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredRun {
    /// Identifier.
    pub run_id: String,
    /// Workload.
    pub workload: String,
    /// Model.
    pub model: String,
    /// Agent, empty when unknown.
    pub agent: String,
    /// Hash of its rows.
    pub trace: Arc<str>,
    /// First time stamp in microseconds since the epoch.
    pub started_us: Option<i64>,
}

impl ScoredRuns {
    /// The runs of a store.
    pub fn of(store: &Store) -> Result<Self, TraceError> {
        let mut hashes = store.trace_hashes()?;
        let mut runs = Vec::with_capacity(store.entries().len());
        for entry in store.entries() {
            runs.push(ScoredRun {
                run_id: entry.run.run_id.clone(),
                workload: entry.run.workload.clone(),
                model: entry.run.model.clone(),
                agent: entry.run.agent.clone().unwrap_or_default(),
                trace: hashes.remove(&entry.run.run_id).unwrap_or_default().into(),
                started_us: entry.run.started_us,
            });
        }
        runs.sort_by(|a, b| {
            (&a.workload, &a.model, &a.run_id).cmp(&(&b.workload, &b.model, &b.run_id))
        });
        let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for run in &runs {
            members.entry(&run.workload).or_default().push(&run.trace);
        }
        let cohorts = members.into_iter().map(|(workload, mut traces)| {
            traces.sort_unstable();
            (workload.to_owned(), hash(&traces.join("\n")).into())
        });
        let cohorts = cohorts.collect();
        Ok(Self { runs, cohorts })
    }
}

fn hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// What a pack shows of a store, and what of it must be computed.
#[derive(Debug)]
pub struct Rescoring<'a> {
    pack: &'a Pack,
    scored: &'a ScoredRuns,
    metrics: Vec<(&'a Metric, MetricIdentity)>,
    /// Cost basis, with the price books where they matter.
    basis: String,
    /// Names of the metrics with a missing value.
    pub metrics_to_compute: BTreeSet<String>,
    /// Runs that must be looked at for them.
    pub runs_to_read: BTreeSet<String>,
    /// Values in all.
    pub values: usize,
    /// Values that are missing.
    pub missing: usize,
}

impl<'a> Rescoring<'a> {
    /// Looks up what is kept. `basis` names the cost basis and whatever else its costs depend on.
    pub fn plan(
        pack: &'a Pack,
        scored: &'a ScoredRuns,
        basis: &str,
        kept: Option<&KeptScores>,
    ) -> Self {
        let mut known = identities(pack);
        let shown = pack.metrics.iter().filter(|m| !m.hidden);
        let metrics = shown.filter_map(|m| Some((m, known.remove(&m.name)?))).collect();
        let mut plan = Self {
            pack,
            scored,
            metrics,
            basis: basis.to_owned(),
            metrics_to_compute: BTreeSet::new(),
            runs_to_read: BTreeSet::new(),
            values: 0,
            missing: 0,
        };
        let (mut metrics, mut runs, mut missing) = (BTreeSet::new(), BTreeSet::new(), 0);
        let mut cohorts: BTreeSet<&str> = BTreeSet::new();
        for (metric, identity) in &plan.metrics {
            for (workload, run, key) in plan.keys(metric, identity) {
                plan.values += 1;
                if kept.is_some_and(|k| k.contains(&key)) {
                    continue;
                }
                missing += 1;
                metrics.insert(metric.name.clone());
                match run {
                    Some(run) if !identity.relative => {
                        runs.insert(run.run_id.clone());
                    }
                    _ => {
                        cohorts.insert(workload);
                    }
                }
            }
        }
        let whole = plan.scored.runs.iter().filter(|r| cohorts.contains(r.workload.as_str()));
        runs.extend(whole.map(|r| r.run_id.clone()));
        (plan.metrics_to_compute, plan.runs_to_read, plan.missing) = (metrics, runs, missing);
        plan
    }

    /// The keys of a metric's values: one per run, or one per cohort. Those of stages share that of their run.
    fn keys(
        &self,
        metric: &Metric,
        identity: &MetricIdentity,
    ) -> Vec<(&'a str, Option<&'a ScoredRun>, ScoreKey)> {
        let basis = if identity.columns.contains("cost_usd") { self.basis.as_str() } else { "" };
        let hash: Arc<str> = identity.hash.as_str().into();
        let key = |trace: &Arc<str>, context: &Arc<str>| ScoreKey {
            trace: Arc::clone(trace),
            metric: Arc::clone(&hash),
            context: Arc::clone(context),
        };
        let plain: Arc<str> = basis.into();
        if metric.level == Level::Cohort {
            let cohorts = self.scored.cohorts.iter();
            return cohorts
                .map(|(workload, cohort)| (workload.as_str(), None, key(cohort, &plain)))
                .collect();
        }
        let contexts: HashMap<&str, Arc<str>> = if identity.relative {
            let named = |cohort: &str| format!("{basis} cohort {cohort}").trim().into();
            self.scored.cohorts.iter().map(|(w, cohort)| (w.as_str(), named(cohort))).collect()
        } else {
            HashMap::new()
        };
        let runs = self.scored.runs.iter().map(|run| {
            let context = contexts.get(run.workload.as_str()).unwrap_or(&plain);
            (run.workload.as_str(), Some(run), key(&run.trace, context))
        });
        runs.collect()
    }

    /// The values that were missing, out of scores that were computed for them, as they are kept; none of metrics with a
    /// problem, which is to be said each time.
    pub fn fresh(
        &self,
        scores: &Scores,
        broken: &BTreeSet<&str>,
    ) -> Result<Vec<KeptScore>, MetricError> {
        let mut rows = Vec::new();
        for (metric, identity) in &self.metrics {
            let name = metric.name.as_str();
            if !self.metrics_to_compute.contains(name) || broken.contains(name) {
                continue;
            }
            let found = Found::of(scores, metric)?;
            let [pack, name, label, unit] =
                [&self.pack.name, &metric.name, &metric.label, &metric.unit]
                    .map(|text| text.as_str().into());
            let settings: Arc<str> = settings(self.pack, identity).into();
            for (workload, run, key) in self.keys(metric, identity) {
                let owner = run.map_or(workload, |r| r.run_id.as_str());
                let run_id: Arc<str> = owner.into();
                for (stage, value) in found.get(owner) {
                    rows.push(KeptScore {
                        key: key.clone(),
                        run_id: Arc::clone(&run_id),
                        stage: *stage,
                        value: *value,
                        pack: Arc::clone(&pack),
                        name: Arc::clone(&name),
                        label: Arc::clone(&label),
                        unit: Arc::clone(&unit),
                        level: metric.level,
                        settings: Arc::clone(&settings),
                    });
                }
            }
        }
        Ok(rows)
    }

    /// The values of the pack: those that are kept, and those that were computed.
    pub fn table(
        &self,
        kept: Option<&KeptScores>,
        scores: &Scores,
        problems: Vec<PackProblem>,
    ) -> Result<ScoreTable, MetricError> {
        let mut table = ScoreTable {
            pack: self.pack.clone(),
            runs: self.scored.runs.clone(),
            workloads: self.scored.cohorts.iter().map(|(w, _)| w.clone()).collect(),
            values: BTreeMap::new(),
            problems,
        };
        for (metric, identity) in &self.metrics {
            let computed = self.metrics_to_compute.contains(&metric.name);
            let found = if computed { Found::of(scores, metric)? } else { Found::default() };
            let mut values: Vec<ScoreValue> = Vec::new();
            for (owner, (workload, run, key)) in self.keys(metric, identity).into_iter().enumerate()
            {
                let before = values.len();
                let old = kept.into_iter().flat_map(|k| k.get(&key));
                values.extend(old.map(|r| ScoreValue { owner, stage: r.stage, value: r.value }));
                if values.len() == before {
                    let new = found.get(run.map_or(workload, |r| r.run_id.as_str())).iter();
                    values.extend(new.map(|(stage, value)| ScoreValue {
                        owner,
                        stage: *stage,
                        value: *value,
                    }));
                }
            }
            if !values.is_empty() {
                table.values.insert(metric.name.clone(), values);
            }
        }
        Ok(table)
    }
}

/// The parameters and gates that shaped a metric, as text.
fn settings(pack: &Pack, identity: &MetricIdentity) -> String {
    let parameters = identity.parameters.iter().filter_map(|name| {
        let parameter = pack.parameters.get(name)?;
        Some(format!("{name} = {}", parameter.value.text()))
    });
    let gates = identity.gates.iter().map(|gate| format!("gate {gate}"));
    parameters.chain(gates).collect::<Vec<_>>().join("; ")
}

/// The computed values of a metric by run or workload.
#[derive(Default)]
struct Found<'s>(HashMap<&'s str, Vec<StageValue>>);

/// A value with its stage, which only stage metrics have.
type StageValue = (Option<i64>, Option<f64>);

impl<'s> Found<'s> {
    fn of(scores: &'s Scores, metric: &Metric) -> Result<Self, MetricError> {
        let (frame, owner) = match metric.level {
            Level::Stage => (&scores.stages, "run_id"),
            Level::Run => (&scores.runs, "run_id"),
            Level::Cohort => (&scores.cohorts, "workload"),
        };
        let mut found: HashMap<&str, Vec<StageValue>> = HashMap::new();
        if !frame.names().contains(&metric.name) {
            return Ok(Self(found));
        }
        let stages = match metric.level {
            Level::Stage => frame.ints("stage")?,
            _ => vec![None; frame.height()],
        };
        let values = frame.numbers(&metric.name)?.into_iter().zip(stages);
        for (owner, (value, stage)) in frame.texts(owner)?.into_iter().zip(values) {
            found.entry(owner.unwrap_or_default()).or_default().push((stage, value));
        }
        Ok(Self(found))
    }

    fn get(&self, owner: &str) -> &[StageValue] {
        self.0.get(owner).map_or(&[], Vec::as_slice)
    }
}

/// The scores of a store under a pack.
#[derive(Debug, Clone)]
pub struct ScoreTable {
    /// The pack.
    pub pack: Pack,
    /// The runs.
    pub runs: Vec<ScoredRun>,
    /// The workloads, owners of cohort metrics.
    pub workloads: Vec<String>,
    /// Values by metric; a metric that could not be computed has none.
    pub values: BTreeMap<String, Vec<ScoreValue>>,
    /// What is wrong with the pack, or with values of it.
    pub problems: Vec<PackProblem>,
}

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreValue {
    /// Position of its run, or of its workload for a cohort metric.
    pub owner: usize,
    /// Stage, for a stage metric.
    pub stage: Option<i64>,
    /// The value; `None` when it is undefined there.
    pub value: Option<f64>,
}

impl ScoreTable {
    /// The metrics of a level that are shown and have values.
    pub fn shown(&self, level: Level) -> impl Iterator<Item = &Metric> {
        self.pack.shown(level).filter(|m| self.values.contains_key(&m.name))
    }

    /// The values of a run metric in the order of the runs.
    pub fn by_run(&self, metric: &str) -> Vec<Option<f64>> {
        let mut values = vec![None; self.runs.len()];
        for value in self.values.get(metric).into_iter().flatten() {
            if let Some(slot) = values.get_mut(value.owner) {
                *slot = value.value;
            }
        }
        values
    }
}
