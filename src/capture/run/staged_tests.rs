//! Pipelines worked through by small shell agents whose calls nobody sees: places, grades, recoveries, endings.

use super::*;
use crate::capture::pipeline::Pipeline;
use crate::capture::run::{Agent, Means, Observe};
use crate::ledger::Books;
use crate::trace::{StageStatus, TraceReader, check_file};
use serde_json::Value;
use std::path::Path;
use std::sync::Mutex;

/// Three stages that build on each other: each must leave a file with its own name in it, and the second one also needs
/// the file of the first to be right.
const PIPELINE: &str = r#"
[pipeline]
name = "w"
recovery = "RECOVERY"
retries = RETRIES
[[stage]]
name = "T0"
prompt_text = "make zero"
grade = "grep -q zero zero"
golden = { "zero" = "golden/zero" }
[[stage]]
name = "T1"
prompt_text = "make one"
grade = "echo graded one; grep -q zero zero && grep -q one one"
golden = { "one" = "golden/one" }
[[stage]]
name = "T2"
prompt_text = "make two"
grade = "grep -q one one && grep -q two two"
"#;

#[derive(Default)]
struct Steps(Mutex<Vec<Step>>);

impl Observer for Steps {
    fn step(&self, _: &str, step: Step) {
        self.0.lock().unwrap().push(step);
    }
}

struct Bench {
    folder: tempfile::TempDir,
    interrupt: Interrupt,
    steps: Arc<Steps>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("golden")).unwrap();
        for name in ["zero", "one"] {
            std::fs::write(folder.path().join("golden").join(name), name).unwrap();
        }
        let steps = Arc::new(Steps::default());
        Self { folder, interrupt: Interrupt::default(), steps }
    }

    fn pipeline(recovery: &str, retries: u32) -> String {
        PIPELINE.replace("RECOVERY", recovery).replace("RETRIES", &retries.to_string())
    }

    /// Runs a shell script as the agent; it finds the prompt in `$prompt`.
    fn run(&self, pipeline: &str, script: &str) -> (RunReport, Vec<Event>) {
        let agent = self.folder.path().join("agent.sh");
        std::fs::write(&agent, format!("prompt=$(cat)\n{script}\n")).unwrap();
        self.run_agent(pipeline, &format!("sh {}", agent.display()))
    }

    fn run_agent(&self, pipeline: &str, agent: &str) -> (RunReport, Vec<Event>) {
        let file = self.folder.path().join("pipeline.toml");
        std::fs::write(&file, pipeline).unwrap();
        let plan = Plan {
            pipeline: Arc::new(Pipeline::load(&file).unwrap()),
            agent: Agent::find(agent).unwrap(),
            model: "m".to_owned(),
            provider: None,
            means: self.means(),
            env: vec![("HOUSE".to_owned(), "ours".to_owned())],
            keep: None,
        };
        let observer: Arc<dyn Observer> = Arc::<Steps>::clone(&self.steps);
        let report = record(&plan, "r", &self.interrupt, &observer).unwrap();
        let trace = report.trace.clone().unwrap();
        assert_eq!(check_file(&trace).unwrap(), [], "the trace keeps every rule");
        let events: Vec<Event> =
            TraceReader::open(&trace).unwrap().map(|row| row.unwrap().1).collect();
        assert_eq!(events.len() as u64, report.events);
        (report, events)
    }

    fn means(&self) -> Means {
        Means {
            store: self.folder.path().join("store"),
            observe: Observe::Nothing,
            books: Arc::new(Books::stack(Vec::new()).unwrap()),
            mask: Arc::new(|_| {}),
        }
    }
}

fn statuses(report: &RunReport) -> Vec<Option<StageStatus>> {
    report.stages.iter().map(|stage| stage.status).collect()
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

fn attributes(event: &Event) -> Value {
    serde_json::from_str(event.attributes.as_deref().unwrap()).unwrap()
}

const OBEYS: &str = "name=${prompt#make }; echo $name > $name; echo made $name";

#[test]
fn a_good_agent_passes_every_stage() {
    let bench = Bench::new();
    let (report, events) = bench.run(&Bench::pipeline("never", 1), OBEYS);
    assert_eq!(statuses(&report), [Some(StageStatus::Passed); 3]);
    assert_eq!(
        kinds(&events),
        [
            "run_start",
            "stage_start",
            "stage_result",
            "stage_start",
            "stage_result",
            "stage_start",
            "stage_result",
            "run_end"
        ]
    );
    let result = &events[4];
    assert_eq!((result.stage, result.attempt, result.score), (Some(1), Some(1), Some(100.0)));
    assert_eq!(result.content.as_deref(), Some("graded one\n"));
    // It stands where grading began, and the stage's time is that of its events and of its grading.
    let grading = attributes(result)["grader"]["wall_s"].as_f64().unwrap();
    let began = result.ts.unwrap();
    let worked = began.micros_since(events[3].ts.unwrap());
    let worked = Duration::from_micros(u64::try_from(worked).unwrap()).as_secs_f64();
    assert!(grading > 0.0 && (worked + grading - result.elapsed_s.unwrap()).abs() < 0.5);
    let rest = attributes(result);
    assert_eq!(rest["agent"]["stdout"], "made one\n");
    assert_eq!((&rest["agent"]["exit_code"], &rest["grader"]["exit_code"]), (&0.into(), &0.into()));
    assert!(rest["agent"]["max_rss_bytes"].as_u64().unwrap() > 0);
    if let Some(changes) = rest.get("changes") {
        assert_eq!(changes["files"], 1);
        assert!(changes["patch"].as_str().unwrap().contains("+one"));
    }
    assert_eq!(report.end_reason, EndReason::Finished);
    assert_eq!(attributes(&events[0])["stages"], serde_json::json!(["T0", "T1", "T2"]));
    assert_eq!(events[1].content.as_deref(), Some("make zero"));
}

#[test]
fn a_failed_grade_is_answered_by_another_prompt_that_says_why() {
    let bench = Bench::new();
    let script = "case $prompt in make*) echo $prompt > last; echo wrong > ${prompt#make };;
        *) grep -q . last && set -- $(cat last) && echo $2 > $2; echo \"$prompt\" > told;; esac";
    let (report, events) = bench.run(&Bench::pipeline("never", 2), script);
    assert_eq!(statuses(&report), [Some(StageStatus::Passed); 3]);
    assert_eq!(report.stages[1].attempts, 2);
    let attempts: Vec<&Event> = events.iter().filter(|e| e.stage == Some(1)).collect();
    let places: Vec<_> = attempts.iter().map(|e| (e.kind.as_str(), e.attempt)).collect();
    assert_eq!(
        places,
        [
            ("stage_start", Some(1)),
            ("attempt_result", Some(1)),
            ("stage_start", Some(2)),
            ("stage_result", Some(2))
        ]
    );
    let prompt = attempts[2].content.as_deref().unwrap();
    assert!(prompt.contains("graded 0.0 of 100; 60 are needed") && prompt.contains("graded one"));
}

#[test]
fn a_failed_stage_spreads_without_recovery_and_does_not_with_it() {
    // The first stage goes wrong; all others are done well.
    let script = format!("[ \"$prompt\" = 'make zero' ] && exit 0; {OBEYS}");
    let bench = Bench::new();
    let (report, _) = bench.run(&Bench::pipeline("never", 0), &script);
    let failed = Some(StageStatus::Failed);
    assert_eq!(statuses(&report), [failed, failed, Some(StageStatus::Passed)]);
    let bench = Bench::new();
    let (report, events) = bench.run(&Bench::pipeline("on-failure", 0), &script);
    let (recovered, passed) = (Some(StageStatus::Recovered), Some(StageStatus::Passed));
    assert_eq!(statuses(&report), [failed, recovered, passed]);
    let recovery = events.iter().position(|e| e.kind == Kind::Recovery).unwrap();
    assert_eq!(events[recovery].stage, Some(0), "the stage that failed");
    assert_eq!(attributes(&events[recovery])["artifacts"], serde_json::json!(["zero"]));
    assert!(bench.steps.0.lock().unwrap().contains(&Step::Recovered { stage: 0 }));
}

#[test]
fn golden_inputs_are_there_whatever_went_before() {
    let bench = Bench::new();
    // Every stage spoils what the others made.
    let script = format!("rm -f zero one two; {OBEYS}");
    let (report, _) = bench.run(&Bench::pipeline("golden-inputs", 0), &script);
    assert_eq!(report.stages[1].score, Some(0.0), "it spoilt them after they were put in place");
    let bench = Bench::new();
    let (report, _) =
        bench.run(&Bench::pipeline("golden-inputs", 0), "[ -e one ] && echo two > two");
    let scores: Vec<Option<f64>> = report.stages.iter().map(|s| s.score).collect();
    assert_eq!(scores, [Some(0.0), Some(0.0), Some(100.0)]);
}

#[test]
fn doing_nothing_is_graded_too() {
    let bench = Bench::new();
    let (report, events) = bench.run_agent(&Bench::pipeline("never", 3), "do-nothing");
    assert_eq!(statuses(&report), [Some(StageStatus::NotAttempted); 3]);
    assert!(report.stages.iter().all(|s| s.attempts == 1 && s.score == Some(0.0)));
    assert_eq!(report.end_reason, EndReason::NotAttempted);
    assert_eq!(events.last().unwrap().end_reason, Some(EndReason::NotAttempted));
}

#[test]
fn an_interruption_ends_the_agent_and_grades_nothing_more() {
    let bench = Bench::new();
    let marker = bench.folder.path().join("working");
    let script =
        format!("[ \"$prompt\" = 'make one' ] && touch {} && sleep 60; {OBEYS}", marker.display());
    let interrupt = bench.interrupt.clone();
    let waited = marker.clone();
    let asker = std::thread::spawn(move || {
        while !waited.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        interrupt.ask();
    });
    let (report, events) = bench.run(&Bench::pipeline("on-failure", 1), &script);
    asker.join().unwrap();
    assert_eq!(report.end_reason, EndReason::Interrupted);
    assert_eq!(statuses(&report), [Some(StageStatus::Passed), None]);
    assert_eq!(report.stages[1].score, None);
    let end = events.last().unwrap();
    assert_eq!((end.kind, end.end_reason), (Kind::RunEnd, Some(EndReason::Interrupted)));
    assert!(events.iter().all(|e| e.stage != Some(2)));
}

#[test]
fn a_budget_of_time_ends_the_agent_but_not_the_grading() {
    let bench = Bench::new();
    let script = format!("[ \"$prompt\" = 'make one' ] && sleep 60; {OBEYS}");
    let pipeline = format!("{}[budget]\nseconds = 1.0\n", Bench::pipeline("never", 1));
    let (report, _) = bench.run(&pipeline, &script);
    let reasons: Vec<EndReason> = report.stages.iter().map(|s| s.end_reason).collect();
    assert_eq!(reasons, [EndReason::Finished, EndReason::Budget, EndReason::Budget]);
    let statuses = statuses(&report);
    assert_eq!(statuses[1..], [Some(StageStatus::Failed), Some(StageStatus::NotAttempted)]);
    assert_eq!(report.stages[1].attempts, 1, "no time for another");
    assert_eq!(report.end_reason, EndReason::Budget);
}

#[test]
fn a_stage_may_be_late_without_ending_the_run() {
    let bench = Bench::new();
    let pipeline =
        Bench::pipeline("never", 0).replace("\"make one\"", "\"make one\"\nseconds = 0.3");
    let script = format!("[ \"$prompt\" = 'make one' ] && sleep 60; {OBEYS}");
    let (report, _) = bench.run(&pipeline, &script);
    assert_eq!(report.stages[1].end_reason, EndReason::Budget);
    assert_eq!(report.stages[2].end_reason, EndReason::Finished);
}

#[test]
fn an_agent_that_is_killed_is_graded_and_the_run_goes_on() {
    let bench = Bench::new();
    let script = format!("[ \"$prompt\" = 'make one' ] && kill -9 $$; {OBEYS}");
    let (report, events) = bench.run(&Bench::pipeline("never", 0), &script);
    assert_eq!(report.stages[1].end_reason, EndReason::Unknown);
    assert_eq!(report.stages[1].score, Some(0.0));
    let result = events.iter().find(|e| e.kind == Kind::StageResult && e.stage == Some(1)).unwrap();
    assert_eq!(attributes(result)["agent"]["signal"], 9);
    assert_eq!(report.stages[2].attempts, 1);
}

#[test]
fn a_grader_that_says_nothing_gives_no_score() {
    let bench = Bench::new();
    let pipeline = Bench::pipeline("on-failure", 2)
        .replace("grade = \"grep -q zero zero\"", "grade = \"echo lost\"\nscore = \"score.json\"");
    let (report, events) = bench.run(&pipeline, OBEYS);
    assert_eq!((report.stages[0].score, report.stages[0].status), (None, None));
    assert_eq!(report.stages[0].attempts, 1, "another attempt would not mend the grader");
    let error = events.iter().find(|e| e.kind == Kind::Error).unwrap();
    assert_eq!(error.error_type.as_deref(), Some("grader_error"));
    assert!(error.content.as_deref().unwrap().contains("left no score"));
    assert!(!events.iter().any(|e| e.kind == Kind::Recovery), "nothing is known to have failed");
}

#[test]
fn graders_and_agents_know_where_they_are() {
    let bench = Bench::new();
    let pipeline = "[pipeline]\nname = \"w\"\nsetup = \"echo set up > here\"\n[[stage]]\nname = \"a\"\nprompt_text = \"x\"\n\
        setup = \"echo stage set up >> here\"\nscore = \"score.json\"\n\
        grade = '''test -d \"$RAMPTRACE_SCRATCH\" && test -f \"$RAMPTRACE_PIPELINE_DIR/pipeline.toml\" && \
        test $(wc -l < here) = 3 && echo \"{\\\"score\\\": 7$RAMPTRACE_STAGE, \\\"tests_total\\\": 3}\" > \"$RAMPTRACE_SCORE_FILE\"'''\n";
    let (report, _) =
        bench.run(pipeline, "echo $HOUSE $RAMPTRACE_RUN_ID $RAMPTRACE_ATTEMPT >> here");
    assert_eq!(report.stages[0].score, Some(70.0));
}

#[test]
fn a_set_up_that_fails_ends_the_run_before_it_begins() {
    let bench = Bench::new();
    let pipeline = Bench::pipeline("never", 0)
        .replace("name = \"w\"", "name = \"w\"\nsetup = \"echo no; exit 4\"");
    let (report, events) = bench.run(&pipeline, OBEYS);
    assert_eq!(kinds(&events), ["run_start", "error", "run_end"]);
    assert_eq!(report.failure.as_deref(), Some("the set-up step ended with 4:\nno\n"));
    assert_eq!(report.stages, []);
}

#[test]
fn a_run_that_is_in_the_store_is_not_recorded_again() {
    let bench = Bench::new();
    bench.run(&Bench::pipeline("never", 0), OBEYS);
    let plan = Plan {
        pipeline: Arc::new(Pipeline::load(&bench.folder.path().join("pipeline.toml")).unwrap()),
        agent: Agent::find("do-nothing").unwrap(),
        model: "m".to_owned(),
        provider: None,
        means: bench.means(),
        env: Vec::new(),
        keep: Some(Path::new(bench.folder.path()).join("kept")),
    };
    let observer: Arc<dyn Observer> = Arc::<Steps>::clone(&bench.steps);
    let error = record(&plan, "r", &bench.interrupt, &observer).unwrap_err().to_string();
    assert!(error.contains('r') && error.contains("store"), "{error}");
}
