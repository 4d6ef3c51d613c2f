//! `ramptrace import` as a whole: archives, globs, mixed folders, the account, grades from elsewhere.

use crate::real_data;
use crate::run_folder::{Layout, RunFolder, tokens};
use crate::workspace::Workspace;
use ramptrace::trace::Store;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;

fn write_run(space: &Workspace, folder: &str, id: &str) {
    RunFolder::new(id)
        .prompt(0)
        .answered("r1", tokens(1000, 50), 0.5)
        .shell("r1", "make")
        .output(0, "built")
        .reply("r2", "Done.")
        .write(space, folder, Layout::Log);
}

/// Every file below a folder, with its name in it.
fn members(folder: &Path, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            found.extend(members(&path, &format!("{name}/")));
        } else {
            found.push((name, std::fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}

fn tar_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, contents) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, contents.as_slice()).expect("a member");
    }
    tar.into_inner().expect("a tar")
}

fn zip_of(members: &[(String, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, contents) in members {
        zip.start_file(name, options).expect("a member");
        zip.write_all(contents).expect("its contents");
    }
    zip.finish().expect("a zip").into_inner()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(bytes).expect("bytes");
    gz.finish().expect("gzip")
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("zstd")
}

#[test]
fn an_archive_is_read_in_place_and_gives_the_bytes_of_its_folder() {
    let space = Workspace::new();
    write_run(&space, "runs/run-a", "run-a");
    write_run(&space, "runs/run-b", "run-b");
    space.ok(&["import", "runs", "-o", "plain"]);
    let plain = space.files("plain");
    assert_eq!(plain.len(), 2);
    let files = members(&space.path("runs"), "backup/");
    let tar = tar_of(&files);
    for (name, bytes) in [
        ("runs.tar", tar.clone()),
        ("runs.tar.gz", gz(&tar)),
        ("runs.tar.zst", zst(&tar)),
        ("runs.zip", zip_of(&files, zip::CompressionMethod::Deflated)),
        ("zstd.zip", zip_of(&files, zip::CompressionMethod::Zstd)),
        ("stored.zip", zip_of(&files, zip::CompressionMethod::Stored)),
        ("no-ending", gz(&tar)),
        (
            "zip-in-tar.tar.gz",
            gz(&tar_of(&[(
                "logs/runs.zip".to_owned(),
                zip_of(&files, zip::CompressionMethod::Deflated),
            )])),
        ),
    ] {
        space.write(&format!("archives/{name}"), bytes);
        let store = format!("stores/{name}");
        space.ok(&["import", &format!("archives/{name}"), "-o", &store]);
        assert_eq!(space.files(&store), plain, "{name}");
    }
    assert_eq!(space.files("archives").len(), 8, "nothing is unpacked beside them");
}

#[test]
fn a_broken_archive_is_an_error_that_names_the_member() {
    let space = Workspace::new();
    write_run(&space, "runs/run-a", "run-a");
    let files = members(&space.path("runs"), "");
    let mut broken = zip_of(&files, zip::CompressionMethod::Stored);
    let at = broken.windows(5).position(|w| w == b"built").expect("the text");
    broken[at] = b'B';
    space.write("broken.zip", broken);
    let ran = space.run(&["import", "broken.zip", "-o", "store"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("broken.zip/run-a/openhands-events/pipeline.jsonl:")
            && ran.stderr.contains("the checksum does not match"),
        "{}",
        ran.stderr
    );
    assert!(!space.path("store").exists());
    space.write("cut.tar.gz", &gz(&tar_of(&files))[..400]);
    let ran = space.run(&["import", "cut.tar.gz", "-o", "store"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: cannot read cut.tar.gz"), "{}", ran.stderr);
}

#[test]
fn folders_of_many_things_and_globs() {
    let space = Workspace::new();
    write_run(&space, "all/deep/run-a", "run-a");
    space.write("all/table.csv", "model,task0\nmodel-a,100\n");
    space.write("all/notes.txt", "no log\n");
    space.write("all/broken.json", "{\"a\": ");
    let ran = space.run(&["import", "all", "-o", "store", "--report", "account.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("2 files are no log of a known format"), "{}", ran.stdout);
    assert_eq!(space.files("store").len(), 2);
    let account: Value = serde_json::from_slice(&space.files(".")["account.json"]).expect("JSON");
    assert_eq!(account["passed_over"], json!(["all/broken.json", "all/notes.txt"]));
    assert_eq!(account["runs"].as_array().map(Vec::len), Some(2));
    let total = &account["total"];
    let count = |name: &str| match &total[name] {
        Value::Object(reasons) => reasons.values().filter_map(Value::as_u64).sum(),
        number => number.as_u64().unwrap_or(0),
    };
    let parts = ["records_used", "merged", "duplicates", "skipped", "unknown", "rejected_records"];
    assert_eq!(count("records_read"), parts.into_iter().map(count).sum::<u64>());
    assert!(count("records_read") > 5);

    let ran = space.run(&["import", "a*/deep/*", "-o", "globbed"]);
    assert_eq!((ran.code, space.files("globbed").len()), (0, 1), "{}", ran.stderr);
    let ran = space.run(&["import", "all/notes.txt", "-o", "none"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: all/notes.txt: not a log that ramptrace knows\nhint: "));
    space.write("empty.jsonl", "\n");
    let ran = space.run(&["import", "empty.jsonl", "-o", "none"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "error: empty.jsonl: an empty file\n"));
    let ran = space.run(&["import", "all/broken.json", "-o", "none"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (1, "error: all/broken.json:1: not valid JSON: EOF while parsing a value at column 6\n")
    );
}

#[test]
fn grades_from_elsewhere_and_a_name_for_the_workload() {
    let space = Workspace::new();
    write_run(&space, "runs/run-a", "run-a");
    space.write(
        "grades.csv",
        "run,stage,score,tests_passed,tests_total\nrun-a,0,75,3,4\nrun-z,0,5,,\n",
    );
    let args = ["import", "runs", "-o", "store", "--scores", "grades.csv", "--workload", "mine"];
    let ran = space.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("warning: grades.csv:3: no run `run-z` is imported\n"),
        "{}",
        ran.stderr
    );
    let asked = space.ok(&[
        "sql",
        "store",
        "SELECT workload, stage, score, tests_passed, tests_total, stage_status FROM stages",
        "--format",
        "csv",
    ]);
    assert_eq!(asked.lines().nth(1), Some("mine,0,75.0,3,4,passed"));
    space.write("bad.csv", "run,score\nrun-a,high\n");
    let ran = space.run(&["import", "runs", "-o", "other", "--scores", "bad.csv"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (1, "error: bad.csv:2: the score of run `run-a` is \"high\", which is no number\n")
    );
    assert!(!space.path("other").exists());
}

/// A generated session of so many bytes, all in one file.
fn session(space: &Workspace, bytes: u64) {
    ramptrace::synthetic::write_claude_logs(&space.path("sessions"), bytes, true, 1).expect("logs");
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_of_any_size_passes_through_a_bounded_memory() {
    let space = Workspace::new();
    session(&space, 150_000_000);
    let mut command = space.command(&["import", "sessions", "-o", "store", "--quiet"]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().expect("the command");
    let mut kilobytes = 0;
    let ended = loop {
        // The most it has had so far; gone when it is.
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let most = status.unwrap_or_default();
        let most = most.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        kilobytes = most.and_then(|n| n.parse().ok()).unwrap_or(0).max(kilobytes);
        if let Some(ended) = child.try_wait().expect("its state") {
            break ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(ended.success());
    assert!(kilobytes > 10_000, "it was seen while it ran");
    assert!(kilobytes < 300_000, "{kilobytes} kB for 150 MB, whose values take several times that");
    assert_eq!(space.files("store").len(), 1);
}

#[test]
fn every_real_sample_is_recognised_and_loses_nothing_that_is_known() {
    let data = real_data::ramp_or_skip!();
    let space = Workspace::new();
    let samples = data.with_file_name("samples");
    let args = ["import", &*samples.to_string_lossy(), "-o", "store", "--report", "account.json"];
    let ran = space.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    space.ok(&["store", "check", "store"]);
    let account: Value =
        serde_json::from_slice(&std::fs::read(space.path("account.json")).expect("it"))
            .expect("JSON");
    let passed_over: Vec<&str> = account["passed_over"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|path| path.as_str()?.rsplit('/').next())
        .collect();
    // A table of where the samples come from, and the configuration and result of a job of trials.
    assert_eq!(passed_over, ["PROVENANCE.tsv", "config.json", "result.json"]);
    // One fixture was written to hold lines that are nothing.
    let lost: Vec<&Value> = account["runs"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|run| {
            run["rejected_records"] != json!(0)
                || run["unknown"].as_object().is_some_and(|u| !u.is_empty())
        })
        .map(|run| &run["source"])
        .collect();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(lost[0].as_str().expect("a path").contains("edge_cases"), "{lost:?}");
}

#[test]
fn small_files_hold_the_same_rows() {
    let space = Workspace::new();
    let _ = space.ok(&["generate", "claude-logs", "-o", "logs", "--megabytes", "1"]);
    let _ = space.ok(&["import", "logs", "-o", "fast"]);
    let _ = space.ok(&["import", "logs", "-o", "small", "--small"]);
    let stores = ["fast", "small"].map(|name| Store::open(&space.path(name)).expect("a store"));
    let [fast, small] = stores.map(|store| {
        let bytes: u64 = store.entries().iter().map(|e| e.bytes).sum();
        (store.trace_hashes().expect("hashes"), bytes)
    });
    assert_eq!(fast.0, small.0);
    assert!(!fast.0.is_empty());
    assert!(small.1 < fast.1, "{} bytes are no fewer than {}", small.1, fast.1);
}
