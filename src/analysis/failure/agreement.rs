//! Attributed causes against those that people gave.
//!
//! People may give a stage several causes. The pair that counts is the primary cause against the person's main one;
//! whether the person named it besides, or the attribution has theirs besides, is said of each disagreement and does not
//! make it an agreement. Stages that only one side has anything to say about are listed, not counted: somebody who gave
//! no label did not say that nothing was wrong.

use super::cause::Cause;
use super::human::HumanLabel;
use super::label::{Label, RunAttribution, StageFailure};
use crate::stats::{ConfusionMatrix, Kappa, cohen_kappa};

/// How far attribution agrees with people.
#[derive(Debug, Clone, PartialEq)]
pub struct HumanAgreement {
    /// The person's cause and the attributed one, per stage that both speak about.
    pub pairs: Vec<(Cause, Cause)>,
    /// Cohen's kappa of the pairs; `None` where it is undefined.
    pub kappa: Option<Kappa>,
    /// Stages on which they differ.
    pub disagreements: Vec<Disagreement>,
    /// Labels of stages that did not fail at the gate.
    pub not_failed: Vec<HumanLabel>,
    /// Labels of runs or stages that are not there.
    pub unmatched: Vec<HumanLabel>,
    /// Failed stages without a label, as run id and stage.
    pub unlabelled: Vec<(String, i64)>,
}

/// A stage on which the person and the attribution differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// Identifier of the run.
    pub run_id: String,
    /// Stage index.
    pub stage: i64,
    /// The person's labels, the main one first.
    pub human: Vec<HumanLabel>,
    /// The attributed primary label, with its evidence.
    pub primary: Label,
    /// The other attributed labels.
    pub contributing: Vec<Label>,
    /// Whether the person named the primary cause besides their main one.
    pub named_besides: bool,
    /// Whether one of the person's causes is among the contributing ones.
    pub contributes: bool,
}

impl HumanAgreement {
    /// How often each cause that people gave met each attributed one.
    pub fn confusion(&self) -> ConfusionMatrix<&Cause> {
        ConfusionMatrix::of(&self.pairs)
    }
}

/// Compares attribution with labels.
pub fn human_agreement(runs: &[RunAttribution], labels: &[HumanLabel]) -> HumanAgreement {
    let mut agreement = HumanAgreement {
        pairs: Vec::new(),
        kappa: None,
        disagreements: Vec::new(),
        not_failed: Vec::new(),
        unmatched: Vec::new(),
        unlabelled: Vec::new(),
    };
    for failure in runs.iter().flat_map(|r| &r.failures) {
        let human: Vec<&HumanLabel> = labels
            .iter()
            .filter(|l| l.stage == failure.stage && is_of(l, &failure.run_id, &failure.model))
            .collect();
        agreement.compare(failure, &human);
    }
    for label in labels {
        let mut stages = runs
            .iter()
            .filter(|r| is_of(label, &r.run.run_id, &r.run.model))
            .flat_map(|r| r.stages.iter().map(move |s| (r, s)))
            .filter(|(_, s)| s.stage == label.stage)
            .peekable();
        if stages.peek().is_none() {
            agreement.unmatched.push(label.clone());
        } else if !stages.any(|(r, s)| r.failures.iter().any(|f| f.stage == s.stage)) {
            agreement.not_failed.push(label.clone());
        }
    }
    agreement.kappa = cohen_kappa(&agreement.pairs);
    agreement
}

/// Whether a label speaks of a run.
fn is_of(label: &HumanLabel, run_id: &str, model: &str) -> bool {
    label.run == run_id || label.run == model
}

impl HumanAgreement {
    fn compare(&mut self, failure: &StageFailure, human: &[&HumanLabel]) {
        let Some(main) = human.first() else {
            self.unlabelled.push((failure.run_id.clone(), failure.stage));
            return;
        };
        let attributed = failure.primary.cause;
        self.pairs.push((main.cause, attributed));
        if main.cause == attributed {
            return;
        }
        let named = |cause: Cause| human.iter().any(|l| l.cause == cause);
        self.disagreements.push(Disagreement {
            run_id: failure.run_id.clone(),
            stage: failure.stage,
            human: human.iter().map(|l| (*l).clone()).collect(),
            primary: failure.primary.clone(),
            contributing: failure.contributing.clone(),
            named_besides: named(attributed),
            contributes: failure.contributing.iter().any(|l| named(l.cause)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_run::Made;
    use super::super::parse_labels;
    use super::*;
    use crate::trace::EndReason;

    /// One run, `r` of model `m`: T0 gave up, T1 a wrong answer, T2 a loop, T3 passed, T4 a wrong answer.
    fn run() -> RunAttribution {
        let run = Made::new().stage(0).says("so").graded(1.0, (1, 3), EndReason::AgentMessage);
        let run = run.stage(1).says("so").graded(2.0, (1, 3), EndReason::Finished);
        let run = run.stage(2).says("so").graded(3.0, (1, 3), EndReason::Stuck);
        let run = run.stage(3).says("so").graded(100.0, (3, 3), EndReason::Finished);
        run.stage(4).says("so").graded(5.0, (1, 3), EndReason::Finished).attribute()
    }

    #[test]
    fn pairs_disagreements_and_what_only_one_side_knows() {
        let text = "run,stage,cause\nr,0,gave_up\nm,1,loop\nr,1,wrong_answer\nr,2,loop\nr,3,loop\nr,9,loop\nx,0,loop\n";
        let labels = parse_labels("l.csv", text).unwrap();
        let found = human_agreement(&[run()], &labels);
        let pairs = [
            (Cause::GaveUp, Cause::GaveUp),
            (Cause::Loop, Cause::WrongAnswer),
            (Cause::Loop, Cause::Loop),
        ];
        assert_eq!(found.pairs, pairs);
        // sklearn: cohen_kappa_score("gll", "gwl") = 0.5.
        assert!((found.kappa.unwrap().kappa - 0.5).abs() < 1e-12);
        let [only] = &found.disagreements[..] else { panic!("{:?}", found.disagreements) };
        assert_eq!((only.stage, only.human.len(), only.named_besides), (1, 2, true));
        assert!(!only.contributes && !only.primary.evidence.is_empty());
        let lines = |labels: &[HumanLabel]| labels.iter().map(|l| l.line).collect::<Vec<_>>();
        assert_eq!((lines(&found.not_failed), lines(&found.unmatched)), (vec![6], vec![7, 8]));
        assert_eq!(found.unlabelled, [("r".to_owned(), 4)]);
        let table = found.confusion();
        assert_eq!(table.categories, [&Cause::Loop, &Cause::GaveUp, &Cause::WrongAnswer]);
        assert_eq!(table.counts, [[1, 0, 1], [0, 1, 0], [0, 0, 0]]);
        assert_eq!(human_agreement(&[run()], &[]).kappa, None);
    }
}
