//! Attribution of small runs made for the purpose: every cause, the precedence, and what must not break it.

use super::made_run::Made;
use super::*;
use crate::trace::{EndReason, Kind, RunFacts, StageStatus};

const RANGE: &str = "<400> Range of input length should be [1, 131072]";

#[test]
fn tests_that_fail_and_nothing_else_is_a_wrong_answer() {
    let run = Made::new().stage(0).runs("ls", "a", 0).graded(30.0, (3, 10), EndReason::Finished);
    assert_eq!(run.causes(), (Cause::WrongAnswer, vec![]));
    let failure = run.failure();
    assert_eq!(
        (failure.primary.rule.as_str(), failure.primary.confidence),
        ("tests_failed", Confidence::High)
    );
    assert_eq!(failure.primary.evidence[0].excerpt, "tests_failed = 7");
    assert!(run.attribute_at(30.0).failures.is_empty(), "the gate itself passes");
}

#[test]
fn a_request_that_ends_a_stage_comes_before_a_broken_build() {
    let run = Made::new()
        .stage(0)
        .runs("make", "x.c:1:2: error: oh", 2)
        .fails("LLMBadRequestError", RANGE);
    let run = run.graded(0.0, (0, 0), EndReason::ContextExceeded);
    assert_eq!(run.causes(), (Cause::ContextExhausted, vec![Cause::BuildBroken]));
    let failure = run.failure();
    assert_eq!(failure.context_limit, Some(131_072));
    assert_eq!(failure.primary.evidence[0].seq, 3, "the request itself comes first");
    assert_eq!(failure.signature.unwrap().text, "error: oh", "from the agent's own build");
}

#[test]
fn a_request_that_the_stage_went_on_after_only_contributes() {
    let run = Made::new().stage(0).says("a").fails("LLMBadRequestError", RANGE).says("b");
    let run = run.runs("ls", "", 0).graded(10.0, (1, 10), EndReason::Finished);
    assert_eq!(run.causes(), (Cause::WrongAnswer, vec![Cause::ContextExhausted]));
    assert_eq!(run.failure().contributing[0].confidence, Confidence::Low);
    assert!(run.attribute().stages[0].ended_by.is_none());
}

#[test]
fn the_last_of_several_failed_requests_decides() {
    let run = Made::new().stage(0).says("a").fails("RateLimitError", "429 slow down");
    let run = run.fails("LLMTimeoutError", "timed out after 300 s").graded(
        0.0,
        (0, 3),
        EndReason::LlmTimeout,
    );
    assert_eq!(run.causes(), (Cause::GatewayTimeout, vec![Cause::RateLimited]));
}

#[test]
fn provider_messages_are_told_apart() {
    for (code, text, cause, limit) in [
        ("BadRequestError", RANGE, Cause::ContextExhausted, Some(131_072)),
        (
            "BadRequestError",
            "This model's maximum context length is 128,000 tokens. However, you requested 130000 tokens",
            Cause::ContextExhausted,
            Some(128_000),
        ),
        (
            "BadRequestError",
            "prompt is too long: 205123 tokens > 200000 maximum",
            Cause::ContextExhausted,
            Some(200_000),
        ),
        (
            "BadRequestError",
            "Your request exceeded model token limit: 262144 (requested: 270000)",
            Cause::ContextExhausted,
            Some(262_144),
        ),
        (
            "BadRequestError",
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
            Cause::ContextExhausted,
            Some(1_048_576),
        ),
        ("ContextWindowExceededError", "no", Cause::ContextExhausted, None),
        (
            "APIError",
            "Your input exceeds the context window of this model",
            Cause::ContextExhausted,
            None,
        ),
        ("RateLimitError", "Error code: 429 - too many requests", Cause::RateLimited, None),
        ("APIError", "You exceeded your current quota", Cause::RateLimited, None),
        ("Timeout", "litellm.Timeout: Request timed out", Cause::GatewayTimeout, None),
        ("APIError", "504 Gateway Time-out", Cause::GatewayTimeout, None),
        ("MaxIterationsReached", "", Cause::BudgetExhausted, None),
        (
            "BudgetExceededError",
            "Budget has been exceeded! Current cost: 5",
            Cause::BudgetExhausted,
            None,
        ),
        ("InternalServerError", "upstream said no", Cause::ProviderError, None),
        ("", "", Cause::ProviderError, None),
    ] {
        let run = Made::new().stage(0).says("a").fails(code, text).graded(
            0.0,
            (1, 3),
            EndReason::LlmError,
        );
        let failure = run.failure();
        assert_eq!(
            (failure.primary.cause, failure.context_limit),
            (cause, limit),
            "{code}: {text}"
        );
    }
}

#[test]
fn errors_outside_requests_count_when_nothing_is_answered_after_them() {
    let error = |run: Made, code: &str, text: &str| {
        run.add(Kind::Error, |e| {
            (e.error_type, e.content) = (Some(code.to_owned()), Some(text.to_owned()));
        })
    };
    for (code, text, cause, limit) in [
        ("MaxIterationsReached", "", Cause::BudgetExhausted, None),
        ("paused", "", Cause::Interrupted, None),
        ("BadRequest", RANGE, Cause::ContextExhausted, Some(131_072)),
        ("RateLimitError", "", Cause::RateLimited, None),
        ("APITimeoutError", "no answer", Cause::GatewayTimeout, None),
        ("orphan_tool_result", "timeout 5 make", Cause::WrongAnswer, None),
    ] {
        let run = error(Made::new().stage(0).says("a"), code, text);
        let run = run.graded(1.0, (1, 3), EndReason::Unknown);
        let failure = run.failure();
        assert_eq!((failure.primary.cause, failure.context_limit), (cause, limit), "{code}");
        let went_on = error(Made::new().stage(0).says("a"), code, text).says("b");
        let went_on = went_on.graded(1.0, (1, 3), EndReason::Unknown);
        assert_eq!(went_on.causes(), (Cause::WrongAnswer, vec![]), "{code}");
    }
}

#[test]
fn words_of_the_trace_stand_in_for_requests_it_does_not_hold() {
    for (reason, cause) in [
        (EndReason::ContextExceeded, Cause::ContextExhausted),
        (EndReason::LlmTimeout, Cause::GatewayTimeout),
        (EndReason::RateLimited, Cause::RateLimited),
        (EndReason::LlmError, Cause::ProviderError),
        (EndReason::Budget, Cause::BudgetExhausted),
        (EndReason::Interrupted, Cause::Interrupted),
        (EndReason::Stuck, Cause::Loop),
        (EndReason::AgentMessage, Cause::GaveUp),
        (EndReason::Finished, Cause::WrongAnswer),
        (EndReason::Unknown, Cause::WrongAnswer),
    ] {
        let run = Made::new().stage(0).says("a").graded(5.0, (1, 3), reason);
        assert_eq!(run.causes(), (cause, vec![]), "{reason}");
    }
}

#[test]
fn a_stage_without_an_answer_is_not_attempted_whatever_it_scored() {
    let run = Made::new().stage(0).says("a").fails("E", RANGE).graded(
        100.0,
        (1, 1),
        EndReason::ContextExceeded,
    );
    let run = run.stage(1).fails("E", RANGE).graded(59.0, (5, 9), EndReason::ContextExceeded);
    let run = run.stage(2).graded(99.0, (9, 9), EndReason::NotAttempted).stage(3);
    let found = run.attribute_at(100.0);
    let attempted: Vec<Option<bool>> = found.stages.iter().map(|s| s.attempted).collect();
    assert_eq!(attempted, [Some(true), Some(false), Some(false), Some(false)]);
    for failure in &found.failures {
        assert_eq!(failure.primary.cause, Cause::NotAttempted);
        assert_eq!(failure.status, Some(StageStatus::NotAttempted));
        let note = failure.primary.note.as_deref();
        assert_eq!(note, Some("context_exhausted had ended stage 0 at event 2"));
        assert!(failure.primary.evidence.iter().any(|e| e.seq == 2), "names what ended the run");
        assert_eq!(failure.contributing[0].cause, Cause::ContextExhausted);
    }
    assert_eq!(found.failures.iter().map(|f| f.stage).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(found.first_ended_by(Cause::ContextExhausted).map(|s| s.stage), Some(0));
}

#[test]
fn a_first_request_that_fails_is_named_by_the_stage_itself() {
    let run = Made::new().stage(0).says("a").graded(100.0, (1, 1), EndReason::Finished).stage(1);
    let run = run.fails("E", RANGE).graded(0.0, (0, 0), EndReason::ContextExceeded);
    let failure = run.failure();
    assert_eq!(failure.primary.note.as_deref(), Some("context_exhausted at event 4"));
    assert_eq!(run.causes().1, [Cause::ContextExhausted, Cause::BuildBroken]);
}

#[test]
fn a_build_that_stops_the_grader_comes_before_loops_and_words() {
    let run = Made::new().stage(0);
    let run = (0..4)
        .fold(run, |run, _| run.runs("cat x", "same", 0))
        .says("Due to time constraints I stop.");
    let run = run.graded(0.0, (0, 0), EndReason::AgentMessage);
    assert_eq!(run.causes(), (Cause::BuildBroken, vec![Cause::Loop, Cause::GaveUp]));
}

#[test]
fn loops_count_when_they_last_and_builds_may_be_repeated() {
    let repeat = |command: &str, n: usize, reason| {
        let run = (0..n).fold(Made::new().stage(0), |run, i| {
            run.runs(
                command,
                if command == "make" { if i % 2 == 0 { "a" } else { "b" } } else { "same" },
                0,
            )
        });
        run.graded(0.0, (1, 3), reason)
    };
    assert_eq!(repeat("cat x", 4, EndReason::Unknown).causes(), (Cause::Loop, vec![]));
    assert_eq!(repeat("cat x", 3, EndReason::Unknown).causes(), (Cause::WrongAnswer, vec![]));
    assert_eq!(repeat("make", 5, EndReason::Unknown).causes(), (Cause::WrongAnswer, vec![]));
    let went_on = (0..4).fold(Made::new().stage(0), |run, _| run.runs("cat x", "same", 0));
    let went_on = went_on.runs("ls", "", 0).graded(0.0, (1, 3), EndReason::Finished);
    assert_eq!(went_on.causes(), (Cause::WrongAnswer, vec![Cause::Loop]));
}

#[test]
fn two_calls_taking_turns_are_a_loop() {
    let run =
        (0..6).fold(Made::new().stage(0), |run, i| run.runs(["cat a", "cat b"][i % 2], "x", 0));
    let run = run.graded(0.0, (1, 3), EndReason::Unknown);
    assert_eq!(run.failure().primary.rule, "alternation_at_end");
    let five =
        (0..5).fold(Made::new().stage(0), |run, i| run.runs(["cat a", "cat b"][i % 2], "x", 0));
    assert_eq!(five.graded(0.0, (1, 3), EndReason::Unknown).causes().0, Cause::WrongAnswer);
}

#[test]
fn malformed_calls_are_misuse_when_there_are_many() {
    let missing = "Parameter `new_str` is required for command: str_replace.";
    let calls = |bad: i64, good: usize| {
        let run = (0..bad).fold(Made::new().stage(0), |run, n| run.malformed(n, missing));
        let run = (0..good).fold(run, |run, n| run.runs(&format!("ls {n}"), "", 0));
        run.graded(0.0, (1, 3), EndReason::Finished)
    };
    assert_eq!(calls(3, 7).causes(), (Cause::ToolMisuse, vec![]));
    assert_eq!(calls(3, 8).causes(), (Cause::WrongAnswer, vec![Cause::ToolMisuse]), "27 %");
    assert_eq!(calls(2, 2).causes(), (Cause::WrongAnswer, vec![]));
    assert_eq!(
        calls(3, 7).failure().primary.note.as_deref(),
        Some("3 of 10 tool calls; also malformed_calls")
    );
}

#[test]
fn a_call_written_as_text_is_misuse_before_giving_up() {
    let text = "editor<arg_key>path</arg_key><arg_value>/a</arg_value>";
    let run = Made::new().stage(0).says(text).graded(0.0, (0, 3), EndReason::AgentMessage);
    assert_eq!(run.causes(), (Cause::ToolMisuse, vec![Cause::GaveUp]));
}

#[test]
fn words_of_giving_up_only_make_a_label_surer() {
    let end =
        |text: &str, reason| Made::new().stage(0).says(text).graded(0.0, (0, 3), reason).failure();
    let plain = end("Now the parser:", EndReason::AgentMessage);
    assert_eq!(
        (plain.primary.cause, plain.primary.confidence),
        (Cause::GaveUp, Confidence::Medium)
    );
    let words = end("由于时间和资源限制，建议继续到 Task 3。", EndReason::AgentMessage);
    assert_eq!((words.primary.cause, words.primary.confidence), (Cause::GaveUp, Confidence::High));
    let finished = end("Given the time constraints I stop here.", EndReason::Finished);
    assert_eq!(finished.primary.cause, Cause::WrongAnswer);
    assert_eq!(
        (finished.contributing[0].cause, finished.contributing[0].confidence),
        (Cause::GaveUp, Confidence::Low)
    );
    let run = Made::new().stage(0).says("done").graded(0.0, (3, 3), EndReason::AgentMessage);
    assert_eq!(run.causes().0, Cause::WrongAnswer, "no test failed, so that nothing was given up");
}

#[test]
fn a_record_that_stops_is_an_interruption() {
    let run = Made::new().stage(0).says("a").runs("ls", "", 0);
    let failure = run.failure();
    assert_eq!((failure.primary.cause, failure.score), (Cause::Interrupted, None));
    assert_eq!(failure.primary.confidence, Confidence::Low);
}

#[test]
fn runs_without_single_calls_are_not_called_unattempted() {
    let coarse = |status| {
        let run = Made::new().stage(0).graded(10.0, (1, 3), EndReason::Unknown);
        run.stage(1).add(Kind::StageResult, |e| {
            e.score = Some(0.0);
            e.stage_status = Some(status);
        })
    };
    let run = coarse(StageStatus::Failed).attribute();
    assert_eq!(
        run.stages.iter().map(|s| s.attempted).collect::<Vec<_>>(),
        [Some(true), Some(true)]
    );
    assert_eq!(run.failures[0].primary.cause, Cause::WrongAnswer, "tests were counted");
    assert_eq!(run.failures[1].primary.cause, Cause::Unknown, "a bare score says nothing");
    let run = coarse(StageStatus::NotAttempted).attribute();
    assert_eq!(run.failures[1].primary.cause, Cause::NotAttempted, "the source says so");
}

#[test]
fn the_end_of_a_run_is_that_of_its_last_attempted_stage() {
    let ended = |reason| {
        let run = Made::new().stage(0).add(Kind::StageResult, |e| e.score = Some(10.0));
        let run = run.stage(1).add(Kind::StageResult, |e| {
            e.score = Some(0.0);
            e.stage_status = Some(StageStatus::NotAttempted);
        });
        run.run_end(reason).attribute()
    };
    let timeout = ended(EndReason::LlmTimeout);
    let label = &timeout.failures[0].primary;
    assert_eq!((label.cause, label.evidence[0].kind), (Cause::GatewayTimeout, Kind::RunEnd));
    assert!(label.note.as_deref().is_some_and(|n| n.contains("said of the run")), "{label:?}");
    assert_eq!(ended(EndReason::Unknown).failures[0].primary.cause, Cause::Unknown);
}

#[test]
fn nothing_breaks_attribution_and_the_same_comes_out_twice() {
    assert_eq!(Made::new().attribute().failures, []);
    let huge = format!("{}\u{1b}[31m{}", "é\n".repeat(400_000), "\u{202e}".repeat(400_000));
    let mut run = Made::new();
    for stage in 0..200 {
        run = run.stage(stage * 7 - 300).says(&huge[..2000.min(huge.len())]).graded(
            f64::NAN,
            (-5, -1),
            EndReason::Unknown,
        );
    }
    run = run.stage(i64::MAX).runs("\\u0000", &huge, i64::MIN).malformed(1, &huge).says(&huge);
    run = run.fails(&huge, &huge).graded(f64::INFINITY, (i64::MIN, i64::MAX), EndReason::LlmError);
    let (one, two) = (run.attribute(), run.attribute());
    assert_eq!(one.failures.len(), 201);
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
    let excerpts = one.failures.iter().flat_map(StageFailure::labels).flat_map(|l| &l.evidence);
    for evidence in excerpts {
        assert!(evidence.excerpt.chars().count() <= LONGEST_EXCERPT);
        assert!(!evidence.excerpt.chars().any(char::is_control), "{evidence:?}");
    }
    for gate in [f64::NAN, -1.0, 101.0] {
        let rules = FailureRules::built_in().unwrap();
        assert!(Attributor::new(RunFacts::default(), &rules, gate).is_err());
    }
}
