//! `ramptrace figure`: the catalogue, every format, and the words and numbers beside each figure.

use crate::workspace::Workspace;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces");
const RAMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces/ramp-2605.27492");

/// Names of the catalogue.
fn catalogue(space: &Workspace) -> Vec<String> {
    let listed = space.ok(&["figure", "--list"]);
    let names = listed.lines().skip(2).filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn every_figure_of_the_catalogue_is_drawn_by_analyze_with_words_and_numbers() {
    let space = Workspace::new();
    let names = catalogue(&space);
    assert!(names.len() >= 20, "{names:?}");
    let _ = space.ok(&["analyze", SAMPLES, "-o", "out", "-q"]);
    // The ranking metric of the default pack knows no gate.
    let _ = space.ok(&["figure", "gate_sweep", RAMP, "--pack", "core", "-o", "swept", "-q"]);
    let mut files = space.files("out");
    files.extend(space.files("swept"));
    for name in &names {
        let of_name = |file: &&String| {
            let stem = file.rsplit('/').next().unwrap_or_default();
            file.starts_with("figures/")
                && stem.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(['.', '_']))
        };
        let stems: Vec<&str> =
            files.keys().filter(of_name).filter_map(|f| f.strip_suffix(".svg")).collect();
        assert!(!stems.is_empty(), "no sample shows `{name}`");
        for stem in stems {
            let read = |end: &str| {
                files.get(&format!("{stem}{end}")).unwrap_or_else(|| panic!("{stem}{end}"))
            };
            let text = |end: &str| String::from_utf8(read(end).clone()).expect("UTF-8");
            assert!(text(".svg").starts_with("<svg role=\"img\" aria-label=\""), "{stem}");
            assert!(read(".png").starts_with(b"\x89PNG"), "{stem}");
            assert!(read(".pdf").starts_with(b"%PDF-"), "{stem}");
            assert!(text(".csv").lines().count() > 1, "{stem}: no numbers");
            assert!(text(".md").contains(".svg)\n\n**"), "{stem}");
            assert!(text(".tex").contains("\\caption{\\textbf{"), "{stem}");
        }
    }
}

#[test]
fn one_figure_goes_to_a_file_of_any_kind_or_to_stdout() {
    let space = Workspace::new();
    for (file, start) in [
        ("a.svg", &b"<svg role"[..]),
        ("a.pdf", b"%PDF-"),
        ("a.png", b"\x89PNG"),
        ("a.csv", b"stage,rate,passed,of,share,low,high\n0,marginal,15,15,1.0,"),
        ("a.md", b"!["),
        ("a.tex", b"% "),
    ] {
        let _ = space.ok(&["figure", "collapse", RAMP, "-o", file]);
        let bytes = std::fs::read(space.path(file)).expect(file);
        assert!(bytes.starts_with(start), "{file}: {}", String::from_utf8_lossy(&bytes[..60]));
    }
    let svg = space.ok(&["figure", "collapse", RAMP, "-o", "-"]);
    assert_eq!(svg.into_bytes(), std::fs::read(space.path("a.svg")).expect("a file"));
    let again = space.run(&["figure", "collapse", RAMP, "-o", "a.svg"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
}

#[test]
fn widths_and_themes_are_as_asked() {
    let space = Workspace::new();
    let svg = |args: &[&str]| {
        let all = [&["figure", "spread", RAMP, "-o", "-"], args].concat();
        space.ok(&all)
    };
    let width =
        |svg: &str| svg.split("width=\"").nth(1).unwrap().split("mm").next().unwrap().to_owned();
    assert_eq!(width(&svg(&[])), "88.97");
    assert_eq!(width(&svg(&["--width", "183mm"])), "182.99");
    assert_eq!(width(&svg(&["--width", "slide"])), "320.00");
    let (paper, screen) = (svg(&[]), svg(&["--theme", "screen"]));
    assert!(paper.contains("fill=\"#FFFFFF\"") && !screen.contains("fill=\"#FFFFFF\""));
}

#[test]
fn names_makers_and_colours_come_from_one_file() {
    let space = Workspace::new();
    let svg = space.ok(&["figure", "spread", RAMP, "-o", "-"]);
    assert!(svg.contains(">Kimi-K2.5<") && !svg.contains(">kimi-k2.5<"));
    space.write("mine.toml", "[[model]]\nids = [\"kimi-k2.5\"]\nname = \"Our Kimi\"\n");
    let svg = space.ok(&["figure", "spread", RAMP, "-o", "-", "--display", "mine.toml"]);
    assert!(svg.contains(">Our Kimi<") && svg.contains(">GPT-5.5<"));
    space.write("bad.toml", "[[model]]\nids = [\"a\"]\nvendor = \"Nobody\"\n");
    let bad = space.run(&["figure", "spread", RAMP, "-o", "-", "--display", "bad.toml"]);
    assert_eq!(bad.code, 1);
    assert!(
        bad.stderr.contains("error: bad.toml:3: there is no [[vendor]] named `Nobody`"),
        "{}",
        bad.stderr
    );
}

#[test]
fn a_folder_gets_receipts_that_verify() {
    let space = Workspace::new();
    let _ = space.ok(&["figure", "frontier", RAMP, "-o", "fig", "--cost", "neutral"]);
    let files = space.files("fig");
    assert!(
        files.contains_key("receipts.json") && files.contains_key("figures/yatcc/frontier.pdf")
    );
    assert_eq!(space.run(&["verify", "fig"]).code, 0);
    space.write("fig/figures/yatcc/frontier.csv", "edited");
    assert_eq!(space.run(&["verify", "fig"]).code, 1);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let space = Workspace::new();
    let unknown = space.run(&["figure", "colapse", RAMP]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("hint: did you mean `collapse`?"), "{}", unknown.stderr);
    let several = space.run(&["figure", "collapse", SAMPLES, "-o", "a.svg"]);
    assert_eq!(several.code, 2);
    assert!(several.stderr.contains("there are 3 figures `collapse`"), "{}", several.stderr);
    assert!(!space.path("a.svg").exists());
    let _ = space.ok(&["figure", "collapse", SAMPLES, "-o", "a.svg", "--workload", "yatcc"]);
    let nothing = space.run(&["figure", "context", RAMP, "-o", "b.svg"]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.contains("has nothing that `context` could show"), "{}", nothing.stderr);
}
