//! What the log says of success: the grader's report, or the judgement of the resolver.

use serde_json::Value;

/// The grade of a run.
#[derive(Debug, PartialEq)]
pub(super) struct Grade {
    /// 0 to 100.
    pub(super) score: f64,
    pub(super) passed: Option<bool>,
    /// The field that says so.
    pub(super) said_by: &'static str,
}

/// The grade, from whichever field has one; `None` when the run was not graded.
pub(super) fn grade(run: &Value) -> Option<Grade> {
    let places = [
        ("test_result.report.resolved", "/test_result/report/resolved"),
        ("test_result.resolved", "/test_result/resolved"),
        ("report.resolved", "/report/resolved"),
        ("test_result.score", "/test_result/score"),
        ("test_result.success", "/test_result/success"),
        ("test_result.result", "/test_result/result"),
        ("test_result", "/test_result"),
        ("success", "/success"),
    ];
    places.into_iter().find_map(|(said_by, pointer)| match run.pointer(pointer)? {
        Value::Bool(passed) => {
            Some(Grade { score: if *passed { 100.0 } else { 0.0 }, passed: Some(*passed), said_by })
        }
        // A share of what could be had.
        Value::Number(share) => {
            let share = share.as_f64().filter(|share| (0.0..=1.0).contains(share))?;
            Some(Grade { score: share * 100.0, passed: (share >= 1.0).then_some(true), said_by })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_says_resolved_or_not_is_a_grade() {
        let of = |run: Value| grade(&run).map(|g| (g.score, g.passed, g.said_by));
        let resolved = json!({"test_result": {"git_patch": "x", "report": {"resolved": true}}});
        assert_eq!(of(resolved), Some((100.0, Some(true), "test_result.report.resolved")));
        let failed = json!({"test_result": {"git_patch": "x", "resolved": false}});
        assert_eq!(of(failed), Some((0.0, Some(false), "test_result.resolved")));
        assert_eq!(of(json!({"test_result": {"git_patch": "x"}})), None);
        assert_eq!(of(json!({"success": false})), Some((0.0, Some(false), "success")));
        assert_eq!(
            of(json!({"test_result": {"score": 0.25}})),
            Some((25.0, None, "test_result.score"))
        );
        assert_eq!(of(json!({"test_result": {"score": 17}})), None, "of an unknown scale");
        assert_eq!(of(json!({"test_result": true})), Some((100.0, Some(true), "test_result")));
        assert_eq!(of(json!({"success": null})), None);
    }
}
