//! Output folders that can say where they came from: receipts, drifts, and the numbers that papers quote.

use crate::scoring::{TEN_LINES, with_store};

/// One changed byte in a trace, an edited pack, an edited CSV, another release: each drift is named.
#[test]
fn verify_names_every_drift_of_an_output_folder() {
    let space = with_store();
    space.write("mine.toml", TEN_LINES);
    let _ = space.ok(&["analyze", "store", "-o", "out", "--pack", "mine.toml", "--gate", "50"]);
    let verify = || space.run(&["verify", "out", "--format", "csv"]);
    let clean = verify();
    assert_eq!((clean.code, clean.stdout.as_str()), (0, "what,change\n"), "{}", clean.stderr);

    let csv = std::fs::read_to_string(space.path("out/metrics.csv")).expect("a table");
    space.write("out/metrics.csv", csv.replacen("148.25", "149.25", 1));
    let edited = verify();
    assert_eq!(edited.code, 1);
    assert_eq!(edited.stdout, "what,change\nmetrics.csv,edited since it was written\n");
    assert!(edited.stderr.contains("error: out drifted in 1 places"), "{}", edited.stderr);
    space.write("out/metrics.csv", csv);
    assert_eq!(verify().code, 0);

    space.write("mine.toml", TEN_LINES.replace("stage >= 3", "stage >= 2"));
    let pack = verify().stdout;
    assert!(pack.contains("metric mine.late_points,another one now"), "{pack}");
    assert!(pack.contains("pack mine.toml,another one now"), "{pack}");
    assert!(pack.contains("output metrics.csv,comes out otherwise now"), "{pack}");
    assert!(!pack.contains("output runs.csv"), "{pack}");
    space.write("mine.toml", TEN_LINES);

    let receipts = std::fs::read_to_string(space.path("out/receipts.json")).expect("receipts");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    space.write("out/receipts.json", receipts.replace(&version, "\"version\": \"0.0.9\""));
    let older = verify();
    assert!(
        older.stdout.contains("made by another release") && older.code == 1,
        "{}",
        older.stdout
    );
    space.write("out/receipts.json", receipts);

    // The same run with another score: a trace that is not the one that was analysed.
    let table = std::fs::read_to_string(space.path("table.csv")).expect("the table");
    let changed = table.replacen("48.25", "48.26", 1);
    assert_ne!(table, changed);
    space.write("table.csv", changed);
    std::fs::remove_dir_all(space.path("store")).expect("the store");
    let _ = space.ok(&["import", "table.csv", "-o", "store", "-q"]);
    let trace = verify().stdout;
    assert!(
        trace.contains("trace engineer-openhand-500-openhands-gpt-5.5-tasks-0-5,another one now"),
        "{trace}"
    );
    let nothing = space.run(&["verify", "store"]);
    assert_eq!(nothing.code, 2);
    assert!(
        nothing
            .stderr
            .contains("hint: folders that analyze or score --sensitivity wrote have receipts"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn numbers_for_papers_are_those_of_the_tables() {
    let space = with_store();
    let _ = space.ok(&["analyze", "store", "-o", "out"]);
    let numbers = std::fs::read_to_string(space.path("out/numbers.tex")).expect("numbers");
    for line in [
        "\\newcommand{\\MetricsGptFivePointFivePipelineScore}{74.71} % gpt-5.5: PL (points)",
        "\\newcommand{\\CollapseYatccFiveMarginal}{20.0\\%} % yatcc, 5: Marginal",
        "\\newcommand{\\SpreadYatccMaxOverMin}{2692} % yatcc: Max/min",
        "\\newcommand{\\CascadeEffectsYatccRiskRatioWithinStagesValue}{1.94}",
    ] {
        assert!(numbers.contains(line), "{line}\n{numbers}");
    }
    // Every line is a command of letters, a comment, or nothing.
    for line in numbers.lines().filter(|l| !l.starts_with('%')) {
        let name = line
            .strip_prefix("\\newcommand{\\")
            .and_then(|l| l.split('}').next())
            .expect("a command");
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{line}");
    }
}
