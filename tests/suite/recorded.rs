//! A small pipeline, a scripted model that works on it, and what a recording of it holds.

use super::workspace::{Ran, Workspace};
use ramptrace::trace::{Event, Kind, StageStatus, Store, TraceReader};
use std::path::{Path, PathBuf};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ramptrace");

/// Two stages, the second of which builds on the first.
pub(crate) const PIPELINE: &str = r#"
[pipeline]
name = "small"
[[stage]]
name = "T0"
prompt_text = "Stage T0"
grade = "grep -q zero zero"
golden = { "zero" = "golden/zero" }
[[stage]]
name = "T1"
prompt_text = "Stage T1"
grade = "grep -q zero zero && grep -q one one"
"#;

/// A model that does both well.
pub(crate) const MODEL: &str = r#"
[price]
input = 3.0
output = 15.0
[[on]]
prompt = "Stage T0"
[[on.turn]]
text = "I write it."
calls = [{ tool = "bash", command = "echo zero > zero" }]
repeat = 1
[[on.turn]]
text = "It is written."
[[on]]
prompt = "Stage T1"
[[on.turn]]
calls = [{ tool = "write_file", path = "one", content = "one\n" }]
[[on.turn]]
text = "Done."
"#;

/// Records the pipeline in `p` with the scripted agent and the models in `models`.
pub(crate) fn record(space: &Workspace, args: &[&str]) -> Ran {
    if !space.path("p/golden").exists() && space.path("p").exists() {
        space.write("p/golden/zero", "zero\n");
    }
    let base =
        ["record", "--pipeline", "p", "--agent", "scripted", "--mock", "models", "-o", "store"];
    space.run(&[&base[..], args].concat())
}

/// A run of a store.
pub(crate) struct Recorded {
    pub(crate) trace: PathBuf,
    pub(crate) events: Vec<Event>,
}

impl Recorded {
    /// The run with this id, of the store `store`.
    pub(crate) fn of(space: &Workspace, run_id: &str) -> Self {
        let store = Store::open(&space.path("store")).expect("a store");
        let trace = store.find(run_id).expect("the run").path.clone();
        let events = read(&trace);
        Self { trace, events }
    }

    /// The final status of each stage.
    pub(crate) fn statuses(&self) -> Vec<Option<StageStatus>> {
        let results = self.events.iter().filter(|e| e.kind == Kind::StageResult);
        results.map(|e| e.stage_status).collect()
    }
}

/// The events of the only run of a store.
pub(crate) fn events_of(space: &Workspace, store: &str) -> Vec<Event> {
    let files = Store::open(&space.path(store)).expect("a store").files();
    assert_eq!(files.len(), 1);
    read(&files[0])
}

pub(crate) fn read(trace: &Path) -> Vec<Event> {
    TraceReader::open(trace).expect("a trace").map(|row| row.expect("a row").1).collect()
}
