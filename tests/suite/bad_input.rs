//! Damaged, foreign and hostile input: what is said, how the program ends, and that nothing is left behind.

use crate::run_folder::{Layout, RunFolder, tokens};
use crate::workspace::{Ran, Workspace, import_all, store};
use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOG: &str = "runs/run-a/openhands-events/pipeline.jsonl";
const BASE_STATE: &str = "runs/run-a/openhands-state/pipeline/c0/base_state.json";
const SKIP_HINT: &str = "hint: to import the rest and count what is lost, leave out --strict\n";
const FORMATS_HINT: &str = "hint: `ramptrace import --help` lists the formats that are known\n";
const CHANGED_HINT: &str =
    "hint: the file was changed or written by another tool; import the run again\n";

fn run_a() -> RunFolder {
    RunFolder::new("run-a")
        .prompt(0)
        .answered("r1", tokens(1000, 50), 0.5)
        .shell("r1", "make")
        .output(0, "built")
        .grade(json!({"task_id": 0, "score": 100.0, "passed": true}))
}

/// A workspace with one run folder whose log has a line more.
fn with_last_line(line: &[u8]) -> Workspace {
    let space = Workspace::new();
    let folder = run_a().write(&space, "runs/run-a", Layout::Log);
    let mut log = std::fs::read(folder.join("openhands-events/pipeline.jsonl")).expect("the log");
    log.extend_from_slice(line);
    space.write(LOG, log);
    space
}

/// Runs a command that must fail without a word on stdout, and gives what it says on stderr.
fn refusal(space: &Workspace, code: i32, args: &[&str]) -> String {
    let ran = space.run(args);
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.stderr);
    ran.stderr
}

/// Runs an import that must fail because of the data, and leave no store behind.
fn refused_import(space: &Workspace, log: &str) -> String {
    let said = refusal(space, 1, &["import", log, "-o", "store", "--strict"]);
    assert!(!space.path("store").exists(), "{:?}", space.files("store").keys());
    said
}

// Logs

#[test]
fn a_log_that_was_cut_off_is_refused_with_its_line() {
    let space = with_last_line(br#"{"id": "event-4", "kind": "Mess"#);
    assert_eq!(
        refused_import(&space, "runs"),
        format!(
            "error: {LOG}:5: not valid JSON: EOF while parsing a string at column 31\n{SKIP_HINT}"
        )
    );
}

#[test]
fn bad_records_can_be_left_out_and_are_listed() {
    let space = with_last_line(b"{\"id\": \"event-4\", \"kind\": \"Mess\n[]\n{\"id\": \"x\"}\n");
    let ran = space.run(&["import", "runs", "-o", "store", "--format", "csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        ran.stderr,
        format!(
            "warning: {LOG}:5: not valid JSON: EOF while parsing a string at column 31\n\
             warning: {LOG}:6: not a JSON object\n\
             warning: {LOG}:7: no `kind`: not an OpenHands event\n"
        )
    );
    let row = ran.stdout.lines().nth(1).expect("a row");
    assert_eq!(row, "run-a,openhands,8,8,2,0,0,0,3,0,new");
    assert_eq!(space.files("store").len(), 1);
}

#[test]
fn bytes_that_are_not_text_are_refused_with_their_line() {
    for (line, problem) in [
        (&b"\0\0\0\0"[..], "expected value at column 1"),
        (b"{\"kind\": \"\xff\xfe\"}", "invalid unicode code point at column 11"),
    ] {
        let space = with_last_line(line);
        assert_eq!(
            refused_import(&space, "runs"),
            format!("error: {LOG}:5: not valid JSON: {problem}\n{SKIP_HINT}")
        );
    }
}

#[test]
fn a_record_that_is_no_event_is_refused_with_its_line() {
    for (line, problem) in [
        ("[1, 2]", "not a JSON object"),
        ("{\"id\": \"x\"}", "no `kind`: not an OpenHands event"),
        (
            "{\"kind\": \"MessageEvent\", \"timestamp\": \"yesterday\"}",
            "`timestamp` is not an ISO 8601 time",
        ),
    ] {
        let space = with_last_line(line.as_bytes());
        assert_eq!(
            refused_import(&space, "runs"),
            format!("error: {LOG}:5: {problem}\n{SKIP_HINT}")
        );
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let deep = |n: usize| {
        format!("{{\"kind\": \"MessageEvent\", \"x\": {}{}}}", "[".repeat(n), "]".repeat(n))
    };
    let space = with_last_line(deep(100_000).as_bytes());
    assert_eq!(
        refused_import(&space, "runs"),
        format!(
            "error: {LOG}:5: not valid JSON: recursion limit exceeded at column 157\n{SKIP_HINT}"
        )
    );
    // Tables are looked at before they are known to be tables.
    let table = Workspace::new();
    table.write(
        "t.json",
        format!("[{{\"model\": \"a\", \"task0\": 1, \"x\": {}", "[".repeat(100_000)),
    );
    assert_eq!(
        refused_import(&table, "t.json"),
        "error: t.json:1: not valid JSON: recursion limit exceeded at column 159\n"
    );
}

#[test]
fn a_very_long_line_is_imported_whole() {
    let text = "many words ".repeat(2_000_000);
    let space = Workspace::new();
    let folder = run_a()
        .answered("r2", tokens(9, 9), 0.5)
        .shell("r2", "cat")
        .output(0, &text)
        .write(&space, "runs/run-a", Layout::Log);
    assert!(
        std::fs::metadata(folder.join("openhands-events/pipeline.jsonl")).unwrap().len() > 20 << 20
    );
    space.ok(&["import", "runs", "-o", "store"]);
    let length = space.ok(&[
        "sql",
        "store",
        "SELECT MAX(LENGTH(content)) AS longest FROM events",
        "--format",
        "csv",
    ]);
    assert_eq!(length, "longest\n22000000\n");
}

#[test]
fn a_run_without_its_state_is_refused() {
    let space = Workspace::new();
    run_a().write(&space, "runs/run-a", Layout::Log);
    std::fs::remove_file(space.path(BASE_STATE)).unwrap();
    assert_eq!(
        refused_import(&space, "runs"),
        "error: runs/run-a: no base_state.json: tokens and costs of this run are nowhere else\n\
         hint: copy openhands-state/<mode>/<conversation>/base_state.json of this run beside its events\n"
    );
}

#[test]
fn a_run_without_events_is_refused() {
    let space = Workspace::new();
    run_a().write(&space, "runs/run-a", Layout::Log);
    std::fs::remove_file(space.path(LOG)).unwrap();
    assert_eq!(
        refused_import(&space, "runs"),
        "error: runs/run-a: no events: neither openhands-events/*.jsonl nor openhands-state/*/*/events/*.json\n"
    );
}

// Leaving records out does not help where the file is one record, so it is not proposed.
#[test]
fn damage_in_files_that_are_read_whole_is_refused_without_a_false_hint() {
    for name in
        ["metadata.json", "openhands_report.json", "openhands-state/pipeline/c0/base_state.json"]
    {
        let space = Workspace::new();
        run_a().write(&space, "runs/run-a", Layout::Log);
        let path = format!("runs/run-a/{name}");
        space.write(&path, "{\n\"a\": ");
        let expected =
            format!("error: {path}:2: not valid JSON: EOF while parsing a value at column 5\n");
        assert_eq!(refused_import(&space, "runs"), expected);
        let said = refusal(&space, 1, &["import", "runs", "-o", "store"]);
        assert_eq!(said, expected);
        // Neither is it the machine's fault when the file is not text.
        space.write(&path, b"{\"a\": \"\xff\"}");
        let said = refused_import(&space, "runs");
        assert!(
            said.starts_with(&format!("error: {path}:1: not valid JSON: "))
                || said.contains("not UTF-8"),
            "{said}"
        );
    }
}

#[test]
fn a_folder_without_runs_is_refused() {
    let space = Workspace::new();
    std::fs::create_dir(space.path("runs")).unwrap();
    assert_eq!(
        refused_import(&space, "runs"),
        format!("error: runs: no runs in this folder (0 files looked at)\n{FORMATS_HINT}")
    );
    space.write("runs/notes.txt", "nothing");
    space.write("runs/sub/other.json", "{}");
    assert_eq!(
        refused_import(&space, "runs"),
        format!("error: runs: no runs in this folder (2 files looked at)\n{FORMATS_HINT}")
    );
}

#[test]
fn a_file_that_is_no_log_is_refused() {
    let space = Workspace::new();
    space.write("notes.txt", "nothing");
    space.write("other.json", "{\"a\": 1}");
    for name in ["notes.txt", "other.json"] {
        assert_eq!(
            refused_import(&space, name),
            format!("error: {name}: not a log that ramptrace knows\n{FORMATS_HINT}")
        );
    }
    assert_eq!(
        refusal(&space, 2, &["import", "nowhere", "-o", "store"]),
        "error: nowhere: no such file or folder\n"
    );
}

#[test]
fn one_run_in_two_folders_is_imported_once() {
    let space = Workspace::new();
    run_a().write(&space, "runs/first", Layout::Log);
    run_a().write(&space, "runs/second", Layout::Log);
    let ran = space.run(&["import", "runs", "-o", "store"]);
    assert_eq!(
        ran.stderr,
        "error: run `run-a` is in two sources: runs/first and runs/second\n\
         hint: import them into different stores, or leave one of them out\n\
         error: 1 of 2 runs were not imported; the others are in the store\n"
    );
    assert_eq!(ran.code, 1);
    assert_eq!(space.files("store").len(), 1);
}

#[test]
fn a_good_run_is_imported_beside_a_bad_one() {
    let space = with_last_line(b"{");
    RunFolder::new("run-b").prompt(0).answered("r1", tokens(5, 5), 0.5).reply("r1", "Done.").write(
        &space,
        "runs/run-b",
        Layout::Log,
    );
    let ran = space.run(&["import", "runs", "-o", "store", "--strict"]);
    assert_eq!(
        ran.stderr,
        format!(
            "error: {LOG}:5: not valid JSON: EOF while parsing an object at column 1\n{SKIP_HINT}\
             error: 1 of 2 runs were not imported; the others are in the store\n"
        )
    );
    assert_eq!(ran.code, 1);
    assert_eq!(
        space.files("store").into_keys().collect::<Vec<_>>(),
        ["workload=yatcc/model=model-a/run-b.parquet"]
    );
}

#[test]
fn a_changed_run_is_replaced_only_when_asked() {
    let space = Workspace::new();
    run_a().write(&space, "runs/run-a", Layout::Log);
    space.ok(&["import", "runs", "-o", "store"]);
    let before = space.files("store");
    run_a().reply("r2", "Done.").write(&space, "runs/run-a", Layout::Log);
    let path = "store/workload=yatcc/model=model-a/run-a.parquet";
    assert_eq!(
        refusal(&space, 1, &["import", "runs", "-o", "store"]),
        format!(
            "error: run `run-a` is already in the store with other contents: {path}\n\
             hint: to replace it, add --force; to keep both, import into another store (the present one is {path})\n"
        )
    );
    assert_eq!(space.files("store"), before);
    space.ok(&["import", "runs", "-o", "store", "--force"]);
    let after = space.files("store");
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_ne!(after, before);
}

// Tables

const SHORT_ROW: &str = "model,task0\nmodel-a,100\nmodel-b\nmodel-c,40\n";

#[test]
fn a_bad_row_of_a_table_costs_its_own_run_and_no_other() {
    let space = Workspace::new();
    space.write("table.csv", SHORT_ROW);
    let ran = space.run(&["import", "table.csv", "-o", "store"]);
    assert_eq!(
        ran.stderr,
        "error: table.csv:3: 1 fields where the header has 2\n\
         error: 1 of 3 runs were not imported; the others are in the store\n"
    );
    assert_eq!((ran.code, space.files("store").len()), (1, 2));
}

#[test]
fn a_table_that_was_cut_off_is_refused_without_a_false_hint() {
    let space = Workspace::new();
    space.write("table.json", "[\n{\"model\": \"a\", \"task0\": 1.0},\n{\"model\": \"b\", ");
    let expected = "error: table.json:3: not valid JSON: EOF while parsing a value at column 15\n";
    assert_eq!(refused_import(&space, "table.json"), expected);
}

#[test]
fn a_table_without_rows_is_refused() {
    let space = Workspace::new();
    space.write("table.csv", "model,task0\n");
    assert_eq!(refused_import(&space, "table.csv"), "error: table.csv: the table has no rows\n");
}

// Traces

/// A workspace with a store of one run, and the path of its trace.
fn with_trace() -> (Workspace, PathBuf) {
    let space = Workspace::new();
    let folder = run_a().write(&space, "runs/run-a", Layout::Log);
    store(&space.path("store"), &import_all(&folder));
    let trace = space.path("store/workload=yatcc/model=model-a/run-a.parquet");
    (space, trace)
}

const TRACE: &str = "store/workload=yatcc/model=model-a/run-a.parquet";

/// Imports two more runs into the store, whose files come before and after that of the first.
fn add_neighbours(space: &Workspace) {
    for run in ["run-0", "run-b"] {
        RunFolder::new(run)
            .prompt(0)
            .answered("r1", tokens(5, 5), 0.25)
            .reply("r1", "Done.")
            .write(space, &format!("more/{run}"), Layout::Log);
    }
    space.ok(&["import", "more", "-o", "store"]);
}

/// Writes a trace once more, as another program might: other columns, another entry of the file metadata.
pub(crate) fn rewrite(
    trace: &Path,
    change: impl Fn(&RecordBatch) -> RecordBatch,
    metadata: Option<(&str, &str)>,
) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(trace).expect("a trace"))
        .expect("Parquet");
    let pairs = reader.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let batches: Vec<RecordBatch> =
        reader.build().expect("a reader").map(|batch| change(&batch.expect("rows"))).collect();
    let file = File::create(trace).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batches[0].schema(), None).expect("a writer");
    for batch in &batches {
        writer.write(batch).expect("rows");
    }
    for pair in pairs.into_iter().filter(|pair| pair.key.starts_with("ramptrace.")) {
        let value = match metadata {
            Some((key, value)) if key == pair.key => Some(value.to_owned()),
            _ => pair.value,
        };
        writer.append_key_value_metadata(KeyValue { key: pair.key, value });
    }
    writer.close().expect("a finished file");
}

/// The rows with another array for one column, or without it.
pub(crate) fn with_column(batch: &RecordBatch, name: &str, array: Option<ArrayRef>) -> RecordBatch {
    let index = batch.schema().index_of(name).expect("the column");
    let mut fields: Vec<Field> =
        batch.schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    let mut arrays = batch.columns().to_vec();
    if let Some(array) = array {
        fields[index] = Field::new(name, array.data_type().clone(), fields[index].is_nullable());
        arrays[index] = array;
    } else {
        fields.remove(index);
        arrays.remove(index);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("rows")
}

/// What every command that opens the store says, when it is the same for all.
fn refused_store(space: &Workspace) -> String {
    let said = refusal(space, 1, &["store", "list", "store"]);
    for args in [
        &["store", "check", "store"][..],
        &["sql", "store", "SELECT * FROM runs"],
        &["show", "latest", "--store", "store"],
        &["analyze", "store", "-o", "out"],
        &["import", "runs", "-o", "store"],
    ] {
        assert_eq!(refusal(space, 1, args), said, "{args:?}");
    }
    assert!(!space.path("out").exists());
    said
}

#[test]
fn a_trace_of_a_newer_major_version_is_refused() {
    let (space, trace) = with_trace();
    rewrite(&trace, RecordBatch::clone, Some(("ramptrace.schema_version", "2.0")));
    assert_eq!(
        refused_store(&space),
        format!(
            "error: {TRACE}: trace format 2.0 is newer than the 1.0 this release reads\n\
             hint: read it with ramptrace {}, which wrote it, or a later release\n",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn a_trace_of_a_newer_minor_version_is_read() {
    let (space, trace) = with_trace();
    let before = space.ok(&["sql", "store", "SELECT * FROM runs"]);
    let wider = |batch: &RecordBatch| {
        let mut fields: Vec<Field> =
            batch.schema().fields().iter().map(|f| f.as_ref().clone()).collect();
        fields.push(Field::new("mood", DataType::Int32, true));
        let mut arrays = batch.columns().to_vec();
        arrays.push(Arc::new(Int32Array::from(vec![7; batch.num_rows()])));
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("rows")
    };
    rewrite(&trace, wider, Some(("ramptrace.schema_version", "1.1")));
    assert_eq!(space.ok(&["sql", "store", "SELECT * FROM runs"]), before);
    assert_eq!(space.run(&["store", "check", "store"]).stderr, "1 traces keep every rule\n");
    space.ok(&["show", "latest", "--store", "store"]);
    // Beside files without the new column as well.
    add_neighbours(&space);
    let query = ["sql", "store", "SELECT run_id, cost_usd FROM runs", "--format", "csv"];
    assert_eq!(space.ok(&query), "run_id,cost_usd\nrun-0,0.25\nrun-a,0.5\nrun-b,0.25\n");
    space.ok(&["analyze", "store", "-o", "out"]);
}

#[test]
fn a_version_that_is_none_is_refused() {
    let (space, trace) = with_trace();
    rewrite(&trace, RecordBatch::clone, Some(("ramptrace.schema_version", "new")));
    assert_eq!(
        refused_store(&space),
        format!("error: {TRACE}: bad file metadata: `new` is not a format version\n{CHANGED_HINT}")
    );
}

#[test]
fn a_column_of_another_type_is_refused() {
    let (space, trace) = with_trace();
    let change = |batch: &RecordBatch| {
        let array = Arc::new(Int32Array::from(vec![1; batch.num_rows()]));
        with_column(batch, "input_tokens", Some(array))
    };
    rewrite(&trace, change, None);
    assert_eq!(
        refused_store(&space),
        format!(
            "error: {TRACE}: column `input_tokens` has type Int32, expected int64\n{CHANGED_HINT}"
        )
    );
}

#[test]
fn a_missing_column_is_refused_when_rows_need_it() {
    let (space, trace) = with_trace();
    rewrite(&trace, |batch| with_column(batch, "kind", None), None);
    assert_eq!(
        refused_store(&space),
        format!("error: {TRACE}: column `kind` is missing\n{CHANGED_HINT}")
    );
}

#[test]
fn a_missing_column_that_may_be_null_reads_as_null() {
    let (space, trace) = with_trace();
    rewrite(&trace, |batch| with_column(batch, "cost_usd", None), None);
    assert_eq!(space.run(&["store", "check", "store"]).stderr, "1 traces keep every rule\n");
    let query = ["sql", "store", "SELECT run_id, cost_usd FROM runs", "--format", "csv"];
    assert_eq!(space.ok(&query), "run_id,cost_usd\nrun-a,\n");
    // Beside files that have the column as well.
    add_neighbours(&space);
    assert_eq!(space.ok(&query), "run_id,cost_usd\nrun-0,0.25\nrun-a,\nrun-b,0.25\n");
    space.ok(&["analyze", "store", "-o", "out"]);
}

#[test]
fn a_word_that_is_not_in_the_list_is_refused_with_its_row() {
    let (space, trace) = with_trace();
    let change = |batch: &RecordBatch| {
        let words: Vec<&str> = (0..batch.num_rows()).map(|_| "thought").collect();
        with_column(batch, "kind", Some(Arc::new(StringArray::from(words))))
    };
    rewrite(&trace, change, None);
    let expected = format!("error: {TRACE}: row 0: `thought` is not a kind\n{CHANGED_HINT}");
    assert_eq!(refusal(&space, 1, &["store", "check", "store"]), expected);
    assert_eq!(refusal(&space, 1, &["show", "latest", "--store", "store"]), expected);
}

#[test]
fn parquet_of_another_program_is_refused() {
    let space = Workspace::new();
    let path = space.write("store/other.parquet", "");
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)]));
    let batch =
        RecordBatch::try_new(schema.clone(), vec![Arc::new(Int32Array::from(vec![1]))]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    run_a().write(&space, "runs/run-a", Layout::Log);
    assert_eq!(
        refused_store(&space),
        "error: store/other.parquet: a Parquet file, but not a ramptrace trace (its metadata has no \
         `ramptrace.schema_version`)\nhint: make traces with: ramptrace import LOG -o STORE\n"
    );
}

#[test]
fn a_trace_that_was_cut_off_is_refused() {
    let hint = format!(
        "hint: the file is damaged or was not written to its end; remove {TRACE} and import the run again\n"
    );
    let (space, trace) = with_trace();
    let whole = std::fs::read(&trace).unwrap();
    for (length, cause) in [
        (whole.len() - 20, "Parquet error: Invalid Parquet file. Corrupt footer"),
        (0, "EOF: Parquet file too small. Size is 0 but need 8"),
    ] {
        std::fs::write(&trace, &whole[..length]).unwrap();
        assert_eq!(
            refused_store(&space),
            format!("error: {TRACE}: not a readable Parquet file\n  caused by: {cause}\n{hint}")
        );
    }
}

// Places to write to

#[test]
fn a_store_below_a_file_cannot_be_written() {
    let space = Workspace::new();
    run_a().write(&space, "runs/run-a", Layout::Log);
    space.write("file", "text");
    let said = refusal(&space, 2, &["import", "runs", "-o", "file/store"]);
    assert_eq!(
        said,
        "error: cannot create folder file/store/workload=yatcc/model=model-a\n  caused by: Not a directory (os error 20)\n"
    );
    assert_eq!(std::fs::read_to_string(space.path("file")).unwrap(), "text");
}

#[test]
fn a_folder_that_is_not_ours_is_written_only_when_asked() {
    let (space, _) = with_trace();
    space.write("file", "text");
    assert_eq!(
        refusal(&space, 2, &["analyze", "store", "-o", "file"]),
        "error: file is a file, not a folder\nhint: choose another folder with -o\n"
    );
    space.write("out/mine.txt", "text");
    assert_eq!(
        refusal(&space, 2, &["analyze", "store", "-o", "out"]),
        "error: out is not empty, and ramptrace did not make it\n\
         hint: choose another folder with -o, or add --force to write into this one\n"
    );
    assert_eq!(space.files("out").len(), 1);
    space.ok(&["analyze", "store", "-o", "out", "--force"]);
    // The folder is ours now, and what is not ours in it stays.
    space.ok(&["analyze", "store", "-o", "out"]);
    let files = space.files("out");
    assert_eq!(files.get("mine.txt").map(Vec::as_slice), Some(&b"text"[..]));
    assert!(files.contains_key("runs.csv"));
}

/// Runs the binary where no file may grow beyond one block, as on a full disk.
#[cfg(unix)]
fn on_a_full_disk(space: &Workspace, args: &[&str]) -> Ran {
    let script = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_ramptrace")]).args(args);
    Ran::of(command.current_dir(space.path("")).output().expect("a shell"))
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let space = Workspace::new();
    run_a().write(&space, "runs/run-a", Layout::Log);
    let before = space.files("");
    let ran = on_a_full_disk(&space, &["import", "runs", "-o", "store"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr,
        format!("error: cannot write trace {TRACE}\n  caused by: File too large (os error 27)\n")
    );
    assert_eq!(space.files(""), before);
    assert!(!space.path("store").exists());

    space.ok(&["import", "runs", "-o", "store"]);
    let before = space.files("");
    let ran = on_a_full_disk(&space, &["analyze", "store", "-o", "out"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(
        ran.stderr,
        "error: cannot write out/runs.csv\n  caused by: File too large (os error 27)\n"
    );
    assert_eq!(space.files(""), before);
    assert!(!space.path("out").exists());
}

// Questions

#[test]
fn a_selector_that_fits_no_run_or_several_is_refused() {
    let space = Workspace::new();
    for run in ["kimi-first", "kimi-second", "glm-first"] {
        RunFolder::new(run).prompt(0).reply("r1", "Done.").write(
            &space,
            &format!("runs/{run}"),
            Layout::Log,
        );
    }
    space.ok(&["-q", "import", "runs", "-o", "store"]);
    let show = |selector| refusal(&space, 2, &["show", selector, "--store", "store"]);
    assert_eq!(
        show("kimi-sceond"),
        "error: no run matches `kimi-sceond`\nhint: did you mean `kimi-second`?\n"
    );
    assert_eq!(
        show("entirely-other"),
        "error: no run matches `entirely-other`\nhint: ramptrace store list STORE shows the runs\n"
    );
    assert_eq!(
        show("kimi"),
        "error: `kimi` matches 2 runs\nhint: write more of it: `kimi-first`, `kimi-second`\n"
    );
    assert_eq!(
        show("first"),
        "error: `first` matches 2 runs\nhint: write more of it: `glm-first`, `kimi-first`\n"
    );
    space.ok(&["show", "second", "--store", "store"]);
}

#[test]
fn a_query_that_cannot_be_answered_is_refused() {
    let (space, _) = with_trace();
    let hint = "hint: the views are events, stages and runs; `ramptrace sql STORE \"SHOW TABLES\"` lists them and \
                schemas/views.md their columns\n";
    for (query, problem) in [
        (
            "SELEKT 1",
            "sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1",
        ),
        ("SELECT * FROM elsewhere", "relation 'elsewhere' was not found"),
        ("SELECT colour FROM runs", "unable to find column \"colour\""),
    ] {
        let said = refusal(&space, 2, &["sql", "store", query]);
        assert!(said.starts_with("error: the query failed: ") && said.contains(problem), "{said}");
        assert!(said.ends_with(hint), "{said}");
    }
}

#[test]
fn a_gate_that_is_no_score_is_refused() {
    let (space, _) = with_trace();
    for gate in ["-1", "100.5", "NaN"] {
        let gate = format!("--gate={gate}");
        let said = refusal(&space, 2, &["analyze", "store", "-o", "out", &gate]);
        assert_eq!(
            said,
            format!("error: the gate {} is not a score from 0 to 100\n", &gate["--gate=".len()..])
        );
    }
    assert!(!space.path("out").exists());
}

#[test]
fn a_store_that_is_not_there_is_refused() {
    let space = Workspace::new();
    for args in [
        &["store", "list", "nowhere"][..],
        &["sql", "nowhere", "SELECT 1"],
        &["analyze", "nowhere", "-o", "out"],
    ] {
        let said = refusal(&space, 2, args);
        assert!(said.starts_with("error: nowhere: no such file or folder\n"), "{args:?}: {said}");
    }
    assert!(!space.path("out").exists());
}
