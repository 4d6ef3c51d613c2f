//! A ranking under each set of weights that a pack offers, one at a time.

use super::ranking::{Question, Ranking, rank, ranked_metric};
use crate::metrics::{MetricError, ParameterValue, Role, identities};

/// A ranking under other weights.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightScheme {
    /// The workload.
    pub workload: String,
    /// Label of the metric.
    pub metric: String,
    /// Parameter that holds the weights.
    pub parameter: String,
    /// Name of the scheme; that of the pack itself is `default`.
    pub scheme: String,
    /// The weights.
    pub weights: String,
    /// Kendall's tau-b with the ranking of the pack as it is; `None` when it is undefined.
    pub tau_b: Option<f64>,
    /// Labels in first place.
    pub first: Vec<String>,
    /// Those that move, with the places that they move; up is positive.
    pub moves: Vec<(String, f64)>,
}

impl WeightScheme {
    /// The rankings under the alternatives of every weight that the metric of the question looks at; none when it looks at
    /// no weight.
    pub fn of(question: &Question) -> Result<Vec<Self>, MetricError> {
        let metric = ranked_metric(question.pack, question.metric)?;
        let base = rank(question)?;
        let known = identities(question.pack);
        let mut found = Vec::new();
        let used = known.get(question.metric).into_iter().flat_map(|m| &m.parameters);
        for name in used {
            let Some(parameter) = question.pack.parameters.get(name) else { continue };
            if parameter.role != Role::Weight {
                continue;
            }
            let own = ("default".to_owned(), parameter.value.clone());
            for (scheme, value) in std::iter::once(&own).chain(&parameter.alternatives) {
                let rankings = under(question, name, value)?;
                for (before, after) in base.iter().zip(&rankings) {
                    found.push(Self {
                        workload: before.workload.clone(),
                        metric: metric.label.clone(),
                        parameter: name.clone(),
                        scheme: scheme.clone(),
                        weights: value.text(),
                        tau_b: before.tau_b(after),
                        first: first(after),
                        moves: moves(before, after),
                    });
                }
            }
        }
        Ok(found)
    }
}

fn under(
    question: &Question,
    name: &str,
    value: &ParameterValue,
) -> Result<Vec<Ranking>, MetricError> {
    let mut pack = question.pack.clone();
    pack.set(name, value.clone())?;
    rank(&Question { pack: &pack, ..question.clone() })
}

fn first(ranking: &Ranking) -> Vec<String> {
    let best = ranking.entries.first().map(|e| e.rank);
    ranking.entries.iter().filter(|e| Some(e.rank) == best).map(|e| e.label.clone()).collect()
}

fn moves(before: &Ranking, after: &Ranking) -> Vec<(String, f64)> {
    let moved = before.entries.iter().filter_map(|entry| {
        let places = entry.rank - after.rank_of(&entry.label)?;
        (places.abs() > 1e-9).then(|| (entry.label.clone(), places))
    });
    moved.collect()
}
