//! What `analyze` leaves for LaTeX is set by an engine without an error, inside a two-column article.

use crate::workspace::{Workspace, published_samples};
use std::fmt::Write as _;
use std::process::Command;

/// An engine that is on this machine.
fn engine() -> Option<&'static str> {
    let found = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    ["pdflatex", "lualatex", "xelatex", "tectonic"].into_iter().find(found)
}

#[test]
fn tables_figures_and_numbers_are_set_in_a_two_column_article() {
    let Some(engine) = engine() else {
        println!("skipped: no LaTeX engine on this machine");
        return;
    };
    let space = Workspace::new();
    let samples = published_samples().display().to_string();
    let _ = space.ok(&["analyze", &samples, "-o", "out", "-q"]);
    let files = space.files("out");
    let mut document = "\\documentclass[twocolumn]{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs,graphicx}\n\
         \\input{numbers}\n\\begin{document}\n\\MetricsGptFivePointFivePipelineScore\n"
        .to_owned();
    let mut inputs = 0;
    for stem in files.keys().filter_map(|name| name.strip_suffix(".tex")) {
        if stem == "numbers" {
            continue;
        }
        // A queue of floats that is too long is an error of the document, not of its parts.
        write!(document, "\\input{{{stem}.tex}}\n\\clearpage\n").expect("a string");
        inputs += 1;
    }
    assert!(inputs > 40, "{inputs} tables and figures");
    document.push_str("\\end{document}\n");
    space.write("out/paper.tex", document);
    let mut command = Command::new(engine);
    if engine != "tectonic" {
        command.args(["-interaction=nonstopmode", "-halt-on-error"]);
    }
    let ran = command.arg("paper.tex").current_dir(space.path("out")).output().expect("the engine");
    let log = String::from_utf8_lossy(&ran.stdout);
    let wrong: Vec<&str> = log.lines().filter(|l| l.starts_with('!') || l.contains("l.")).collect();
    assert!(ran.status.success(), "{engine}: {}", wrong.join("\n"));
    let paper = std::fs::read(space.path("out/paper.pdf")).expect("a document");
    assert!(paper.starts_with(b"%PDF-"));
    assert!(!log.contains("multiply defined"), "two labels of one name");
}
