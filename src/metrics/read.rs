//! A pack read from TOML, with the packs that it extends.
//!
//! What is wrong with the file as a whole (no TOML, an unknown key) is an error. What is wrong with one definition leaves
//! that definition out, with its line, and nothing else.

use super::gate::Gate;
use super::pack::{Better, Level, Metric, Over, Pack, Warning};
use super::parameter::{Parameter, ParameterValue, Role};
use super::raw::{RawGate, RawMetric, RawPack, RawParameter, Threshold};
use super::{MetricError, PackProblem};
use crate::rollup::{RUN_COLUMNS, STAGE_COLUMNS};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The packs that come with the program.
pub const BUILT_IN: &[(&str, &str)] =
    &[("core", include_str!("packs/core.toml")), ("ramp", include_str!("packs/ramp.toml"))];

impl Pack {
    /// The pack `ramp`: every published definition of the RAMP paper.
    pub fn ramp() -> Result<Self, MetricError> {
        Self::load("ramp")
    }

    /// The pack `core`: the corrected set.
    pub fn core() -> Result<Self, MetricError> {
        Self::load("core")
    }

    /// Loads a pack by the name of a built-in one, or by the path of a TOML file.
    pub fn load(selector: &str) -> Result<Self, MetricError> {
        load(selector, None, &mut Vec::new())
    }

    /// Reads a pack. `file` is its name in messages; packs that it extends are found from its folder.
    pub fn parse(file: &str, text: &str) -> Result<Self, MetricError> {
        read(file, text, Path::new(file).parent(), &mut vec![file.to_owned()])
    }
}

/// Loads a pack; `folder` is where relative paths start, `chain` the packs that are being read.
fn load(
    selector: &str,
    folder: Option<&Path>,
    chain: &mut Vec<String>,
) -> Result<Pack, MetricError> {
    let built_in = BUILT_IN.iter().find(|(name, _)| *name == selector);
    let (file, text, folder) = if let Some((name, text)) = built_in {
        (format!("{name}.toml"), (*text).to_owned(), None)
    } else {
        let path = folder.map_or_else(|| PathBuf::from(selector), |f| f.join(selector));
        if !path.exists() {
            return Err(MetricError::NoPack { name: selector.to_owned() });
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|source| MetricError::Unreadable { path: path.clone(), source })?;
        (path.to_string_lossy().into_owned(), text, path.parent().map(Path::to_owned))
    };
    chain.push(file.clone());
    let pack = read(&file, &text, folder.as_deref(), chain);
    chain.pop();
    pack
}

fn read(
    file: &str,
    text: &str,
    folder: Option<&Path>,
    chain: &mut Vec<String>,
) -> Result<Pack, MetricError> {
    let place = Place { file, text };
    let raw: RawPack =
        toml::from_str(text).map_err(|e| place.problem(e.span(), None, e.message().to_owned()))?;
    let mut pack = Pack {
        label: raw.pack.label.unwrap_or_else(|| raw.pack.name.clone()),
        name: raw.pack.name,
        source: raw.pack.source,
        rank_by: None,
        parameters: std::collections::BTreeMap::new(),
        gates: Vec::new(),
        metrics: Vec::new(),
        problems: Vec::new(),
        file: file.to_owned(),
    };
    for parent in raw.pack.extends {
        let span = parent.span();
        let parent = load_parent(parent.get_ref(), folder, chain)
            .map_err(|problem| place.problem(Some(span), None, problem))?;
        pack.inherit(parent);
    }
    for (name, value) in raw.parameters {
        let span = name.span();
        if let Err(problem) = pack.add_parameter(name.get_ref(), value) {
            let problem = format!("parameter `{}`: {problem}", name.get_ref());
            pack.problems.push(place.problem(Some(span), None, problem));
        }
    }
    for gate in raw.gate {
        let span = gate.name.span();
        if let Err(problem) = pack.add_gate(gate, &place) {
            pack.problems.push(place.problem(Some(span), None, problem));
        }
    }
    for metric in raw.metric {
        if let Err(problem) = pack.add_metric(metric, &place) {
            pack.problems.push(problem);
        }
    }
    if let Some(rank_by) = raw.pack.rank_by {
        let ranks = |m: &Metric| m.level == Level::Run && m.better != Better::Neither;
        if !pack.metric(rank_by.get_ref()).is_some_and(ranks) {
            let problem =
                format!("`rank_by`: `{}` is not a run metric with a direction", rank_by.get_ref());
            pack.problems.push(place.problem(Some(rank_by.span()), None, problem));
        }
        pack.rank_by = Some(rank_by.into_inner());
    }
    Ok(pack)
}

fn load_parent(
    selector: &str,
    folder: Option<&Path>,
    chain: &mut Vec<String>,
) -> Result<Pack, String> {
    let file = if BUILT_IN.iter().any(|(name, _)| *name == selector) {
        format!("{selector}.toml")
    } else {
        folder
            .map_or_else(|| PathBuf::from(selector), |f| f.join(selector))
            .to_string_lossy()
            .into_owned()
    };
    if chain.contains(&file) {
        return Err(format!(
            "packs extend one another in a circle: {} -> {file}",
            chain.join(" -> ")
        ));
    }
    load(selector, folder, chain).map_err(|e| e.to_string())
}

impl Pack {
    /// Takes over everything of a pack that is extended; what was there already stays.
    fn inherit(&mut self, parent: Self) {
        for (name, parameter) in parent.parameters {
            self.parameters.entry(name).or_insert(parameter);
        }
        let gates = parent.gates.into_iter().filter(|g| self.gate(&g.name).is_none());
        self.gates.extend(gates.collect::<Vec<_>>());
        let metrics = parent.metrics.into_iter().filter(|m| self.metric(&m.name).is_none());
        self.metrics.extend(metrics.collect::<Vec<_>>());
        self.problems.extend(parent.problems);
        self.rank_by = self.rank_by.take().or(parent.rank_by);
    }

    fn add_parameter(&mut self, name: &str, value: toml::Value) -> Result<(), String> {
        check_name(name)?;
        if self.metric(name).is_some() {
            return Err("a metric of an extended pack has this name".to_owned());
        }
        let raw = match value {
            toml::Value::Table(table) => {
                toml::Value::Table(table).try_into::<RawParameter>().map_err(|e| {
                    format!(
                        "{}; a table holds value, by, role, unit, doc and alternatives",
                        e.message()
                    )
                })?
            }
            value => RawParameter {
                value: Some(value),
                by: None,
                role: None,
                unit: None,
                doc: None,
                alternatives: None,
            },
        };
        let by = raw.by.as_deref();
        if let Some(column) = by.filter(|c| !STAGE_COLUMNS.iter().any(|v| v.name == *c)) {
            return Err(format!("`by`: there is no column `{column}`"));
        }
        let inherited = self.parameters.get(name);
        let value = raw.value.map(|v| ParameterValue::from_toml(&v, by)).transpose()?;
        let role = raw
            .role
            .map(|word| {
                Role::parse(&word).ok_or_else(|| {
                    format!("`role`: `{word}` is none of gate, weight, baseline and other")
                })
            })
            .transpose()?;
        let alternatives = raw.alternatives.map(|v| alternatives(&v, by)).transpose()?;
        let old =
            |part: fn(&Parameter) -> &String| inherited.map(part).cloned().unwrap_or_default();
        let parameter = Parameter {
            value: value
                .or_else(|| inherited.map(|p| p.value.clone()))
                .unwrap_or(ParameterValue::Unset),
            role: role.or_else(|| inherited.map(|p| p.role)).unwrap_or_default(),
            unit: raw.unit.unwrap_or_else(|| old(|p| &p.unit)),
            doc: raw.doc.unwrap_or_else(|| old(|p| &p.doc)),
            alternatives: alternatives
                .or_else(|| inherited.map(|p| p.alternatives.clone()))
                .unwrap_or_default(),
        };
        self.parameters.insert(name.to_owned(), parameter);
        Ok(())
    }

    fn add_gate(&mut self, raw: RawGate, place: &Place) -> Result<(), String> {
        let line = place.line(raw.name.span());
        let name = raw.name.into_inner();
        if !is_name(&name) {
            return Err(not_a_name(&name));
        }
        if let Some(first) = self.gate(&name) {
            return Err(format!(
                "gate `{name}` is defined twice, first at {}:{}",
                first.file, first.line
            ));
        }
        let passes = match (raw.threshold, raw.passes) {
            (Some(threshold), None) => {
                let threshold = match threshold {
                    Threshold::Number(number) => number.to_string(),
                    Threshold::Parameter(p) if self.parameters.contains_key(&p) => p,
                    Threshold::Parameter(p) => {
                        return Err(format!("gate `{name}`: there is no parameter `{p}`"));
                    }
                };
                raw.rule.passes(&threshold)
            }
            (None, Some(passes)) => passes,
            _ => {
                return Err(format!("gate `{name}` needs `threshold` or `passes`, one of the two"));
            }
        };
        self.gates.push(Gate {
            name,
            doc: raw.doc,
            stages: raw.stages,
            passes,
            failing: raw.failing,
            file: place.file.to_owned(),
            line,
        });
        Ok(())
    }

    fn add_metric(&mut self, raw: RawMetric, place: &Place) -> Result<(), PackProblem> {
        let span = raw.name.span();
        let name = raw.name.get_ref().clone();
        let bad = |problem: String| place.problem(Some(span.clone()), None, problem);
        check_name(&name).map_err(&bad)?;
        if self.parameters.contains_key(&name) {
            return Err(bad(format!("`{name}` is defined twice: it is a parameter too")));
        }
        if let Some(first) = self.metric(&name) {
            return Err(bad(format!(
                "`{name}` is defined twice, first at {}:{}",
                first.file, first.line
            )));
        }
        let here = |problem: String| place.problem(Some(span.clone()), Some(&name), problem);
        if let Some(gate) = raw.gate.as_ref().filter(|g| self.gate(g.get_ref()).is_none()) {
            return Err(place.problem(
                Some(gate.span()),
                Some(&name),
                format!("there is no gate `{}`", gate.get_ref()),
            ));
        }
        let base = match &raw.of {
            None => None,
            Some(of) => Some(self.metric(of.get_ref()).cloned().ok_or_else(|| {
                place.problem(
                    Some(of.span()),
                    Some(&name),
                    format!("`of`: no metric `{}` stands before this one", of.get_ref()),
                )
            })?),
        };
        let metric = match (raw.sql.clone(), base) {
            (Some(sql), None) => own(raw, &sql, place).map_err(here)?,
            (None, Some(base)) => derived(raw, base, self, place),
            _ => return Err(here("needs `sql` or `of`, one of the two".to_owned())),
        };
        self.metrics.push(Metric { pack: self.name.clone(), ..metric });
        Ok(())
    }
}

/// A metric with an expression of its own.
fn own(raw: RawMetric, sql: &Spanned<String>, place: &Place) -> Result<Metric, String> {
    let level = raw.level.ok_or("needs `level`: stage, run or cohort")?;
    let doc = raw.doc.ok_or("needs `doc`, what it means")?;
    let over = raw.over.unwrap_or(if level == Level::Cohort { Over::Runs } else { Over::Stages });
    if level == Level::Stage && over == Over::Runs {
        return Err("a stage metric is evaluated over stages".to_owned());
    }
    if raw.range.is_some_and(|(low, high)| low.is_nan() || high.is_nan() || low > high) {
        return Err("`range` is [smallest, largest]".to_owned());
    }
    let name = raw.name.into_inner();
    Ok(Metric {
        label: raw.label.unwrap_or_else(|| name.clone()),
        name,
        pack: String::new(),
        level,
        over,
        unit: raw.unit.unwrap_or_default(),
        better: raw.better.unwrap_or_default(),
        range: raw.range,
        digits: raw.digits,
        latex: raw.latex,
        line: place.sql_line(sql.span()),
        sql: sql.get_ref().clone(),
        gate: raw.gate.map(Spanned::into_inner),
        parts: raw.parts,
        replaces: raw.replaces,
        doc,
        source: raw.source,
        warnings: raw.warnings.into_iter().map(|w| Warning { code: w.code, why: w.why }).collect(),
        hidden: raw.hidden,
        file: place.file.to_owned(),
    })
}

/// A metric that is another one under a gate.
fn derived(raw: RawMetric, base: Metric, pack: &Pack, place: &Place) -> Metric {
    let gate = raw.gate.map(Spanned::into_inner);
    let described = || {
        let gate = gate.as_ref().and_then(|g| pack.gate(g));
        gate.map_or_else(|| base.doc.clone(), |g| format!("{} {}", base.doc, g.doc))
    };
    let doc = raw.doc.unwrap_or_else(described);
    let mut warnings: Vec<Warning> =
        raw.warnings.into_iter().map(|w| Warning { code: w.code, why: w.why }).collect();
    warnings.extend(base.warnings);
    let line = place.line(raw.name.span());
    let name = raw.name.into_inner();
    Metric {
        label: raw.label.unwrap_or_else(|| name.clone()),
        name,
        line,
        unit: raw.unit.unwrap_or(base.unit),
        better: raw.better.unwrap_or(base.better),
        range: raw.range.or(base.range),
        digits: raw.digits.or(base.digits),
        latex: raw.latex,
        gate: gate.or(base.gate),
        parts: raw.parts,
        replaces: raw.replaces,
        doc,
        source: raw.source,
        warnings,
        hidden: raw.hidden,
        file: place.file.to_owned(),
        ..base
    }
}

fn alternatives(
    value: &toml::Value,
    by: Option<&str>,
) -> Result<Vec<(String, ParameterValue)>, String> {
    let toml::Value::Table(entries) = value else {
        return Err("`alternatives` is a table of names and values".to_owned());
    };
    let read = |(name, value): (&String, &toml::Value)| {
        let value = ParameterValue::from_toml(value, by)
            .map_err(|e| format!("alternative `{name}`: {e}"))?;
        Ok((name.clone(), value))
    };
    entries.iter().map(read).collect()
}

/// A name that is free to use as a column.
fn check_name(name: &str) -> Result<(), String> {
    if !is_name(name) {
        return Err(not_a_name(name));
    }
    let taken: BTreeSet<&str> =
        STAGE_COLUMNS.iter().chain(RUN_COLUMNS).map(|column| column.name).collect();
    if taken.contains(name) {
        return Err(format!("`{name}` is a column of the views; choose another name"));
    }
    Ok(())
}

fn not_a_name(name: &str) -> String {
    format!(
        "`{name}` is not a name: letters, digits and _ only, not starting with a digit or with __"
    )
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("__")
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A file and its text, for places in messages.
struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn problem(
        &self,
        span: Option<Range<usize>>,
        metric: Option<&str>,
        problem: String,
    ) -> PackProblem {
        PackProblem {
            file: self.file.to_owned(),
            line: span.map_or(1, |s| self.line(s)),
            metric: metric.map(str::to_owned),
            problem,
            hint: None,
        }
    }

    /// The line of a span, from 1.
    fn line(&self, span: Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1
    }

    /// The line on which the text of a string begins: a line break after opening quotes is not part of it.
    fn sql_line(&self, span: Range<usize>) -> usize {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let opened = written.trim_start_matches(['"', '\'']);
        self.line(span)
            + usize::from(written.len() - opened.len() >= 3 && opened.starts_with(['\n', '\r']))
    }
}
