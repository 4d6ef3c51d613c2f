//! Errors that several runs share at the same stage.
//!
//! When most failed runs of a stage stop at the same error, the stage measures that error rather than the models; when
//! a run that did nothing stops at it too, it was there before anybody came.

use super::label::RunAttribution;
use crate::stats::Proportion;
use std::collections::{BTreeMap, BTreeSet};

/// An error that runs share at a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct CommonCause {
    /// The staged task set.
    pub workload: String,
    /// Stage index.
    pub stage: i64,
    /// The normalised error.
    pub signature: String,
    /// Runs that failed the stage with it, by id.
    pub runs: Vec<String>,
    /// Those runs among all that failed the stage.
    pub share: Proportion,
    /// Whether the baseline run has it at this stage too; `None` without a baseline run in the same workload.
    pub in_baseline: Option<bool>,
}

/// The errors of each stage, those of most runs first. `baseline` is the id of a run in which nothing was done; it does
/// not count among the failed runs. Errors of a single run are given too.
pub fn common_causes(runs: &[RunAttribution], baseline: Option<&str>) -> Vec<CommonCause> {
    let is_baseline = |run: &RunAttribution| baseline == Some(run.run.run_id.as_str());
    let mut failed: BTreeMap<(&str, i64), BTreeSet<&str>> = BTreeMap::new();
    let mut sharing: BTreeMap<(&str, i64, &str), BTreeSet<&str>> = BTreeMap::new();
    for failure in runs.iter().filter(|r| !is_baseline(r)).flat_map(|r| &r.failures) {
        let place = (failure.workload.as_str(), failure.stage);
        failed.entry(place).or_default().insert(&failure.run_id);
        if let Some(signature) = &failure.signature {
            let key = (place.0, place.1, signature.text.as_str());
            sharing.entry(key).or_default().insert(&failure.run_id);
        }
    }
    let with = |workload: &str, stage: i64, signature: &str| {
        let run = runs.iter().find(|r| is_baseline(r) && r.run.workload == workload)?;
        let outcome = run.stages.iter().find(|s| s.stage == stage);
        Some(outcome.and_then(|s| s.signature.as_ref()).is_some_and(|s| s.text == signature))
    };
    let mut causes: Vec<CommonCause> = sharing
        .into_iter()
        .filter_map(|((workload, stage, signature), ids)| {
            let all = failed.get(&(workload, stage))?;
            Some(CommonCause {
                workload: workload.to_owned(),
                stage,
                signature: signature.to_owned(),
                share: Proportion::wilson(ids.len() as u64, all.len() as u64)?,
                runs: ids.into_iter().map(str::to_owned).collect(),
                in_baseline: with(workload, stage, signature),
            })
        })
        .collect();
    causes.sort_by(|a, b| {
        let most = b.runs.len().cmp(&a.runs.len());
        (&a.workload, a.stage).cmp(&(&b.workload, b.stage)).then(most)
    });
    causes
}

#[cfg(test)]
mod tests {
    use super::super::made_run::Made;
    use super::*;
    use crate::trace::EndReason;

    fn run(id: &str, output: &str) -> RunAttribution {
        let run = Made::new().stage(0).says("so").graded(0.0, (0, 0), EndReason::Finished);
        let mut run = run;
        run.events[2].content = Some(output.to_owned());
        let mut found = run.attribute();
        id.clone_into(&mut found.run.run_id);
        found.failures.iter_mut().for_each(|f| id.clone_into(&mut f.run_id));
        found
    }

    #[test]
    fn the_same_error_at_other_places_is_one_cause() {
        let runs = [
            run("a", "/home/a/x.c:1:2: fatal error: y.inc: No such file"),
            run("b", "/tmp/b/z.c:77:1: fatal error: y.inc: No such file"),
            run("c", "x.c:1:1: error: other"),
            run("d", "all quiet"),
        ];
        let causes = common_causes(&runs, None);
        let short: Vec<(&str, &[String], u64, u64)> = causes
            .iter()
            .map(|c| (c.signature.as_str(), &c.runs[..], c.share.x, c.share.n))
            .collect();
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(short[0], ("fatal error: y.inc: No such file", &ids(&["a", "b"])[..], 2, 4));
        assert_eq!(short[1], ("error: other", &ids(&["c"])[..], 1, 4));
        assert!(causes.iter().all(|c| c.in_baseline.is_none()));
        let with = common_causes(&runs, Some("a"));
        let in_baseline: Vec<_> =
            with.iter().map(|c| (c.share.x, c.share.n, c.in_baseline)).collect();
        assert_eq!(in_baseline, [(1, 3, Some(false)), (1, 3, Some(true))], "by text among equals");
        assert_eq!(common_causes(&runs, Some("z"))[0].in_baseline, None);
        assert_eq!(common_causes(&[], None), []);
    }
}
