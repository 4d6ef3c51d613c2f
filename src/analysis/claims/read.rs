//! A claims file read from TOML.
//!
//! What is wrong with the file as a whole (no TOML, an unknown key, a missing pack) is an error. What is wrong with one
//! claim is said of that claim, with its line, and the others are checked all the same.

use super::claim::{Claim, ClaimsFile, Formula, Runs};
use super::error::ClaimsError;
use super::measure::Measure;
use super::need::Need;
use super::raw::{RawClaim, RawFile, RawHead};
use crate::analysis::Basis;
use crate::analysis::failure::{FileProblem, Place};
use crate::metrics::{BUILT_IN, MetricError, Over, Pack};
use crate::rollup::{check_select, sql_words};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;

/// Score at or above which a stage counts as passed, unless the file says otherwise.
const DEFAULT_GATE: f64 = 60.0;

impl ClaimsFile {
    /// Loads a claims file.
    pub fn load(path: &Path) -> Result<Self, ClaimsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ClaimsError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&path.to_string_lossy(), &text)
    }

    /// Reads a claims file. `file` is its name in messages; packs that it names are found from its folder.
    pub fn parse(file: &str, text: &str) -> Result<Self, ClaimsError> {
        let place = Place { file, text };
        let raw: RawFile =
            toml::from_str(text).map_err(|e| place.problem(e.span(), e.message().to_owned()))?;
        let gate = raw.claims.gate.unwrap_or(DEFAULT_GATE);
        let mut read = Self {
            packs: packs(&raw.claims, &place)?,
            basis: basis(raw.claims.cost.as_ref(), &place)?,
            name: raw.claims.name,
            source: raw.claims.source,
            sources: raw.sources,
            claims: Vec::new(),
            problems: Vec::new(),
            file: file.to_owned(),
        };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for claim in raw.claim {
            let (id, line) = (claim.id.get_ref().clone(), place.line(claim.id.span()));
            let found = match seen.insert(id.clone(), line) {
                None => Reader { place: &place, id: &id, file: &read, gate }
                    .claim(claim, raw.claims.workload.as_ref()),
                Some(first) => Err(place.problem(
                    Some(claim.id.span()),
                    format!("claim `{id}` is there twice, first at line {first}"),
                )),
            };
            match found {
                Ok(claim) => read.claims.push(claim),
                Err(problem) => read.problems.push((id, problem)),
            }
        }
        Ok(read)
    }
}

fn packs(head: &RawHead, place: &Place) -> Result<Vec<Pack>, ClaimsError> {
    let wrong = |span, key: &str, error: &MetricError| ClaimsError::File {
        problem: place.problem(Some(span), format!("`{key}`: {error}")),
        hint: error.hint(),
    };
    let mut packs = Vec::new();
    match &head.packs {
        None => packs.push(Pack::ramp().map_err(|e| wrong(0..0, "packs", &e))?),
        Some(names) => {
            for name in names {
                let selector = name.get_ref();
                let built_in = BUILT_IN.iter().any(|(known, _)| known == selector);
                let folder = Path::new(place.file).parent().filter(|_| !built_in);
                let path = folder.map_or_else(|| selector.into(), |f| f.join(selector));
                let pack = Pack::load(&path.to_string_lossy());
                packs.push(pack.map_err(|e| wrong(name.span(), "packs", &e))?);
            }
        }
    }
    for assignment in &head.set {
        let mut last = None;
        let mut set = false;
        for pack in &mut packs {
            match pack.set_text(assignment.get_ref()) {
                Ok(()) => set = true,
                Err(error) => last = Some(error),
            }
        }
        if let Some(error) = last.filter(|_| !set) {
            return Err(wrong(assignment.span(), "set", &error));
        }
    }
    Ok(packs)
}

fn basis(word: Option<&Spanned<String>>, place: &Place) -> Result<Basis, FileProblem> {
    let Some(word) = word else { return Ok(Basis::Reported) };
    let bases = [Basis::Reported, Basis::List, Basis::Neutral];
    bases.into_iter().find(|b| b.name() == word.get_ref()).ok_or_else(|| {
        let problem = format!("`cost`: `{}` is none of reported, list and neutral", word.get_ref());
        place.problem(Some(word.span()), problem)
    })
}

/// Reads one claim.
pub(super) struct Reader<'a> {
    pub(super) place: &'a Place<'a>,
    id: &'a str,
    file: &'a ClaimsFile,
    gate: f64,
}

impl Reader<'_> {
    pub(super) fn problem<T>(&self, at: &Spanned<T>, problem: &str) -> FileProblem {
        self.place.problem(Some(at.span()), format!("claim `{}`: {problem}", self.id))
    }

    fn claim(&self, raw: RawClaim, workload: Option<&String>) -> Result<Claim, FileProblem> {
        let source = raw.source.as_ref().map(|s| s.get_ref().clone()).unwrap_or_default();
        let sources = &self.file.sources;
        if let Some(written) = raw.source.as_ref().filter(|_| !sources.is_empty())
            && !sources.contains_key(&source)
        {
            let known: Vec<&str> = sources.keys().map(String::as_str).collect();
            let problem =
                format!("`source`: `{source}` is not in [sources], which has {}", known.join(", "));
            return Err(self.problem(written, &problem));
        }
        let formula = self.formula(&raw)?;
        let (needs, untestable) = self.needs(&raw, formula.is_some())?;
        let published = self.published(&raw.published)?;
        let tolerance = self.tolerance(&raw, &published)?;
        let rounded_from = match &raw.rounded_from {
            Some(_) if formula.is_none() => {
                return Err(self.problem(&raw.id, "`rounded_from` needs `sql` or `measure`"));
            }
            Some(sql) => Some(self.query(sql, raw.over)?),
            None => None,
        };
        let sql_line = raw.sql.as_ref().map_or(raw.id.span(), Spanned::span);
        Ok(Claim {
            line: self.place.line(raw.id.span()),
            sql_line: self.place.line(sql_line),
            id: raw.id.into_inner(),
            quote: raw.quote,
            source,
            formula,
            rounded_from,
            published,
            comparison: raw.comparison.unwrap_or_default(),
            tolerance,
            must: raw.must,
            unit: raw.unit,
            note: raw.note,
            needs,
            untestable,
            runs: Runs {
                workload: raw.workload.or_else(|| workload.cloned()),
                models: raw.models,
                without: raw.without,
                count: raw.runs,
            },
        })
    }

    fn formula(&self, raw: &RawClaim) -> Result<Option<Formula>, FileProblem> {
        let measure = match &raw.measure {
            None => None,
            Some(word) => Some(Measure::parse(word.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = Measure::WORDS.iter().map(|w| w.1).collect();
                let problem =
                    format!("`measure`: `{}` is none of {}", word.get_ref(), known.join(", "));
                self.problem(word, &problem)
            })?),
        };
        let arguments = measure.map_or(0, Measure::arguments);
        let collapse = measure.filter(|_| arguments == 0);
        for (key, line) in [
            ("at", raw.at.as_ref().map(Spanned::span)),
            ("gate", raw.gate.as_ref().map(Spanned::span)),
        ] {
            if let (None, Some(line)) = (collapse, line) {
                let problem =
                    format!("claim `{}`: `{key}` belongs to the measures collapse_*", self.id);
                return Err(self.place.problem(Some(line), problem));
            }
        }
        let query = self.source_of(raw, measure)?;
        Ok(match (measure, query) {
            (None, query) => query.map(Formula::Query),
            (Some(measure), Some(query)) => Some(Formula::Measure { measure, query }),
            (Some(measure), None) => Some(Formula::Collapse {
                measure,
                gate: raw.gate.as_ref().map_or(self.gate, |g| *g.get_ref()),
                at: raw.at.as_ref().map(|at| at.get_ref().clone()),
            }),
        })
    }

    /// The query that gives the value, or what the measure is of.
    fn source_of(
        &self,
        raw: &RawClaim,
        measure: Option<Measure>,
    ) -> Result<Option<String>, FileProblem> {
        let arguments = measure.map_or(0, Measure::arguments);
        let what = measure.map_or("a claim without `measure`", Measure::name);
        match (&raw.sql, raw.of.first()) {
            (Some(sql), None) if measure.is_none() || arguments > 0 => {
                self.query(sql, raw.over).map(Some)
            }
            (Some(sql), None) => Err(self.problem(sql, &format!("{what} takes no `sql`"))),
            (Some(_), Some(first)) => {
                Err(self.problem(first, "has `sql` and `of`; one of the two is enough"))
            }
            (None, first) if raw.of.len() != arguments => {
                let problem =
                    format!("{what} takes {arguments} expressions in `of`, not {}", raw.of.len());
                Err(first.map_or_else(
                    || self.problem(&raw.id, &problem),
                    |first| self.problem(first, &problem),
                ))
            }
            (None, None) => Ok(None),
            (None, Some(first)) => {
                let columns = raw.of.iter().zip(["x", "y"]);
                let columns: Vec<String> =
                    columns.map(|(e, name)| format!("{} AS {name}", e.get_ref().trim())).collect();
                let query = format!("SELECT {}\nFROM {}", columns.join(", "), over(raw.over));
                check_select(&query).map_err(|e| self.problem(first, &e))?;
                Ok(Some(query))
            }
        }
    }

    /// A query as it is, or an expression over the rows of a view.
    fn query(&self, sql: &Spanned<String>, rows: Option<Over>) -> Result<String, FileProblem> {
        let text = sql.get_ref().trim();
        let words = sql_words(text);
        let whole = matches!(words.first().map(String::as_str), Some("select" | "with"));
        if whole && rows.is_some() {
            return Err(
                self.problem(sql, "`over` belongs to an expression; the query has its FROM")
            );
        }
        let query =
            if whole { text.to_owned() } else { format!("SELECT {text}\nFROM {}", over(rows)) };
        if words.is_empty() {
            return Err(self.problem(sql, "holds neither a query nor an expression"));
        }
        check_select(&query).map_err(|e| self.problem(sql, &e))?;
        Ok(query)
    }

    /// Words for what a store must hold; without a formula, the reason why no store can say.
    fn needs(&self, raw: &RawClaim, computed: bool) -> Result<(Vec<Need>, String), FileProblem> {
        if !computed {
            if raw.needs.is_empty() {
                let problem = "has neither `sql` nor `measure`; say in `needs` what is missing";
                return Err(self.problem(&raw.id, problem));
            }
            let reasons: Vec<&str> = raw.needs.iter().map(|n| n.get_ref().as_str()).collect();
            return Ok((Vec::new(), reasons.join(", ")));
        }
        let mut needs = Vec::new();
        for word in &raw.needs {
            needs.push(Need::parse(word.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = Need::WORDS.iter().map(|w| w.1).collect();
                let problem =
                    format!("`needs`: `{}` is none of {}", word.get_ref(), known.join(", "));
                self.problem(word, &problem)
            })?);
        }
        Ok((needs, String::new()))
    }
}

const fn over(rows: Option<Over>) -> &'static str {
    match rows {
        Some(Over::Stages) => "stages",
        _ => "runs",
    }
}
