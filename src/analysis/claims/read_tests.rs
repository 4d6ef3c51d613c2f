//! What is said of claims files that are wrong.

use super::*;

const HEAD: &str = "[claims]\nname = \"c\"\n";

fn parse(text: &str) -> Result<ClaimsFile, ClaimsError> {
    ClaimsFile::parse("c.toml", text)
}

/// The problem of the only claim, which begins at line 3.
fn refused(body: &str) -> String {
    let text = format!("{HEAD}[[claim]]\nid = \"a\"\nquote = \"q\"\n{body}");
    let file = parse(&text).unwrap();
    assert!(file.claims.is_empty(), "{body}");
    file.problems[0].1.to_string()
}

fn claim(body: &str) -> Claim {
    let text = format!("{HEAD}[[claim]]\nid = \"a\"\nquote = \"q\"\n{body}");
    let file = parse(&text).unwrap();
    assert_eq!(file.problems, []);
    file.claims[0].clone()
}

#[test]
fn an_error_of_the_whole_file_has_its_line() {
    let error = |text: &str| parse(text).unwrap_err().to_string();
    assert!(error("[claims]\nname = \n").starts_with("c.toml:2: "));
    let unknown = error(&format!("{HEAD}[[claim]]\nid = \"a\"\nquoet = \"q\"\n"));
    assert!(unknown.starts_with("c.toml:5: unknown field `quoet`, expected one of "), "{unknown}");
    assert_eq!(
        error(&format!("{HEAD}[[claim]]\nid = \"a\"\nquote = \"\"")),
        "c.toml:3: missing field `published`"
    );
    let pack = parse(&format!("{HEAD}packs = [\n  \"rampp\"]\n")).unwrap_err();
    assert_eq!(pack.to_string(), "c.toml:4: `packs`: there is no metric pack `rampp`");
    assert!(pack.hint().unwrap().starts_with("the built-in packs are core and ramp"));
    assert_eq!(
        error(&format!("{HEAD}set = [\"pass_marc=3\"]\n")),
        "c.toml:3: `set`: the pack `ramp` has no parameter `pass_marc`"
    );
    assert_eq!(
        error(&format!("{HEAD}cost = \"real\"\n")),
        "c.toml:3: `cost`: `real` is none of reported, list and neutral"
    );
    let none = ClaimsFile::load(std::path::Path::new("nowhere.toml")).unwrap_err();
    assert_eq!(none.to_string(), "cannot read nowhere.toml");
}

#[test]
fn each_wrong_claim_says_what_where() {
    for (body, expected) in [
        (
            "published = 1\n",
            "c.toml:4: claim `a`: has neither `sql` nor `measure`; say in `needs` what is missing",
        ),
        ("published = []\nsql = \"1\"\n", "c.toml:6: claim `a`: `published`: the list is empty"),
        (
            "published = [[1]]\nsql = \"1\"\n",
            "c.toml:6: claim `a`: `published`: holds a number, a truth, a text or a list of these, not lists of lists",
        ),
        (
            "published = 1e3\nsql = \"1\"\n",
            "c.toml:6: claim `a`: `published`: say with `digits` how many decimals `1e3` has",
        ),
        (
            "published = nan\nsql = \"1\"\n",
            "c.toml:6: claim `a`: `published`: NaN is no finite number",
        ),
        (
            "published = 1\nsql = \"\"\"\n \"\"\"\n",
            "c.toml:7: claim `a`: holds neither a query nor an expression",
        ),
        (
            "published = 1\nsql = \"SELECT 1; DROP TABLE runs\"\n",
            "c.toml:7: claim `a`: `drop` is not part of a query; write one SELECT",
        ),
        (
            "published = 1\nsql = \"SELECT * FROM read_parquet('x')\"\n",
            "c.toml:7: claim `a`: `read_parquet` reads a file; a query sees the views only",
        ),
        (
            "published = 1\nsql = \"COUNT(*) FROM read_csv('/etc/passwd') --\"\n",
            "c.toml:7: claim `a`: `read_csv` reads a file; a query sees the views only",
        ),
        (
            "published = 1\nsql = \"1\"\nrounded_from = \"(SELECT a FROM \\\"read_json\\\"('x'))\"\n",
            "c.toml:8: claim `a`: `read_json` reads a file; a query sees the views only",
        ),
        (
            "published = 1\nmeasure = \"mean\"\nof = [\"x FROM read_ipc('x') --\"]\n",
            "c.toml:8: claim `a`: `read_ipc` reads a file; a query sees the views only",
        ),
        (
            "published = 1\nsql = \"SELECT 1\"\nover = \"runs\"\n",
            "c.toml:7: claim `a`: `over` belongs to an expression; the query has its FROM",
        ),
        (
            "published = 1\nsql = \"1\"\nof = [\"x\"]\n",
            "c.toml:8: claim `a`: has `sql` and `of`; one of the two is enough",
        ),
        (
            "published = 1\nof = [\"x\"]\n",
            "c.toml:7: claim `a`: a claim without `measure` takes 0 expressions in `of`, not 1",
        ),
        (
            "published = 1\nmeasure = \"r2\"\nof = [\"x\"]\n",
            "c.toml:8: claim `a`: r2 takes 2 expressions in `of`, not 1",
        ),
        (
            "published = 1\nmeasure = \"mean\"\n",
            "c.toml:4: claim `a`: mean takes 1 expressions in `of`, not 0",
        ),
        (
            "published = 1\nmeasure = \"collapse_survival\"\nsql = \"1\"\n",
            "c.toml:8: claim `a`: collapse_survival takes no `sql`",
        ),
        (
            "published = 1\nsql = \"1\"\nat = [0]\n",
            "c.toml:8: claim `a`: `at` belongs to the measures collapse_*",
        ),
        (
            "published = 1\nsql = \"1\"\ngate = 80.0\n",
            "c.toml:8: claim `a`: `gate` belongs to the measures collapse_*",
        ),
        (
            "published = 1\nsql = \"1\"\ntolerance = -1\n",
            "c.toml:8: claim `a`: `tolerance`: is zero or a positive number",
        ),
        (
            "published = 1\nsql = \"1\"\ndigits = 1\ntolerance = 1\n",
            "c.toml:9: claim `a`: has `digits` and `tolerance`; one of the two is enough",
        ),
        (
            "published = [1, 2]\nsql = \"1\"\ndigits = [1]\n",
            "c.toml:8: claim `a`: `digits`: 1 for 2 published values",
        ),
        (
            "published = \"a\"\nsql = \"1\"\ncomparison = \"less\"\n",
            "c.toml:6: claim `a`: `comparison`: only numbers have an order",
        ),
        (
            "published = 1\nsql = \"1\"\nneeds = [\"tools\"]\n",
            "c.toml:8: claim `a`: `needs`: `tools` is none of calls, tool_calls, texts, times, scores, tests, costs",
        ),
        (
            "published = 1\nneeds = [\"logs\"]\nrounded_from = \"1\"\n",
            "c.toml:4: claim `a`: `rounded_from` needs `sql` or `measure`",
        ),
        (
            "published = 1\nsql = \"1\"\nsource = \"B\"\n[sources]\nA = \"abstract\"\n",
            "c.toml:8: claim `a`: `source`: `B` is not in [sources], which has A",
        ),
    ] {
        assert_eq!(refused(body), expected, "{body}");
    }
    let measure = refused("published = 1\nmeasure = \"mode\"\n");
    assert!(
        measure.starts_with("c.toml:7: claim `a`: `measure`: `mode` is none of mean, median, "),
        "{measure}"
    );
}

#[test]
fn an_identifier_is_there_once_and_the_others_are_kept() {
    let one = "[[claim]]\nid = \"a\"\nquote = \"q\"\nsql = \"1\"\npublished = 1\n";
    let file = parse(&format!("{HEAD}{one}{one}{}", one.replace("\"a\"", "\"b\""))).unwrap();
    assert_eq!(file.claims.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(
        file.problems[0].1.to_string(),
        "c.toml:9: claim `a` is there twice, first at line 4"
    );
}

#[test]
fn printed_decimals_are_those_of_the_file() {
    let tolerance = |body: &str| claim(&format!("sql = \"1\"\n{body}\n")).tolerance;
    assert_eq!(tolerance("published = 2525"), [Tolerance::Digits(0)]);
    assert_eq!(tolerance("published = 48.20"), [Tolerance::Digits(2)]);
    assert_eq!(tolerance("published = -1_000.5"), [Tolerance::Digits(1)]);
    let each = [Tolerance::Digits(0), Tolerance::Digits(2), Tolerance::Digits(1)];
    assert_eq!(tolerance("published = [608, 0.05, # cents\n 35.5]"), each);
    assert_eq!(tolerance("published = [1.0, 0.2]\ndigits = 3"), [Tolerance::Digits(3); 2]);
    assert_eq!(
        tolerance("published = [1, 2]\ndigits = [0, 1]"),
        [Tolerance::Digits(0), Tolerance::Digits(1)]
    );
    assert_eq!(tolerance("published = 3\ntolerance = 0.5"), [Tolerance::Absolute(0.5)]);
    assert_eq!(
        tolerance("published = 3\ntolerance = { relative = 0.1 }"),
        [Tolerance::Relative(0.1)]
    );
    assert_eq!(tolerance("published = \"a.b\""), [Tolerance::Digits(0)]);
}

#[test]
fn expressions_become_queries_over_a_view() {
    let formula = |body: &str| claim(&format!("published = 1\n{body}\n")).formula.unwrap();
    let query = |sql: &str| Formula::Query(sql.to_owned());
    assert_eq!(formula("sql = \"MAX(cost_usd)\""), query("SELECT MAX(cost_usd)\nFROM runs"));
    assert_eq!(
        formula("sql = \"MAX(score)\"\nover = \"stages\""),
        query("SELECT MAX(score)\nFROM stages")
    );
    assert_eq!(formula("sql = \"\"\"\n  select 1\"\"\""), query("select 1"));
    assert_eq!(
        formula("measure = \"r2\"\nof = [\"a\", \"b\"]"),
        Formula::Measure {
            measure: Measure::R2,
            query: "SELECT a AS x, b AS y\nFROM runs".to_owned()
        }
    );
    assert_eq!(
        formula("measure = \"collapse_survival\"\nat = [5]\ngate = 100.0"),
        Formula::Collapse { measure: Measure::CollapseSurvival, gate: 100.0, at: Some(vec![5]) }
    );
}
