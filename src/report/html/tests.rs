//! The page as text: what may stand in it, and what it holds when there is little or something hostile.

use super::super::{Column, FileHash, Kind, Receipts, Table};
use super::document::script;
use super::{EventLog, Page, RunSection, StageCause, StageSection, Warnings, html};
use crate::analysis::findings::Finding;
use crate::trace::{Event, Kind as EventKind};
use base64::Engine as _;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// What somebody might put into a trace.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{202e}\0\x1b[2J\u{2028}'\"";

fn receipts() -> Receipts {
    Receipts {
        tool: "ramptrace".to_owned(),
        version: "0.0.0".to_owned(),
        command: ["ramptrace", "report", "s", "-o", "r.html"].map(str::to_owned).to_vec(),
        parameters: BTreeMap::new(),
        traces: BTreeMap::new(),
        metrics: BTreeMap::new(),
        definitions: BTreeMap::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    }
}

fn empty() -> Page {
    Page {
        title: "Runs of nothing".to_owned(),
        facts: Vec::new(),
        findings: Vec::new(),
        figures: Vec::new(),
        tables: Vec::new(),
        runs: Vec::new(),
        claims: None,
        warnings: Warnings { sentences: Vec::new(), table: None },
        receipts: receipts(),
    }
}

fn table(text: &str) -> Table {
    let columns = vec![
        Column::new("run_id", text, Kind::Text),
        Column::new("evidence_seq", "Event", Kind::Int).unit(text),
        Column::new("cost_usd", "Cost", Kind::Money),
    ];
    let mut table = Table::new("costs", text, columns).unwrap();
    let money = super::super::Value::usd(66_782_400);
    table.push(vec![text.into(), 3.into(), money]).unwrap();
    table.push(vec![super::super::Value::Null, super::super::Value::Null, 0.into()]).unwrap_err();
    table.note(text);
    table
}

/// A page with one of everything, made of one text.
fn full(text: &str) -> Page {
    let owned = || text.to_owned();
    let mut log = EventLog::default();
    let mut event = Event::new(EventKind::ToolCall);
    (event.seq, event.stage, event.content) = (3, Some(0), Some(owned()));
    log.push(&event);
    log.push(&Event::new(EventKind::RunEnd));
    let stage = StageSection {
        stage: 0,
        outcome: "failed",
        score: Some(12.5),
        llm_calls: Some(12_345),
        total_tokens: None,
        cost: None,
        elapsed_s: Some(3.0),
        end_reason: Some(owned()),
        cause: Some(StageCause {
            cause: owned(),
            confidence: "high",
            evidence: Some((3, owned())),
        }),
    };
    let mut receipts = receipts();
    receipts.traces.insert(owned(), owned());
    receipts.parameters.insert(owned(), owned());
    receipts.inputs.push(FileHash::of(owned(), b""));
    Page {
        title: owned(),
        facts: vec![(owned(), owned())],
        findings: vec![Finding {
            name: "completion",
            workload: owned(),
            label: "Completion",
            lead: owned(),
            text: owned(),
            basis: owned(),
            figure: Some("collapse"),
        }],
        figures: Vec::new(),
        tables: vec![table(text)],
        runs: vec![RunSection {
            run_id: owned(),
            workload: owned(),
            model: owned(),
            facts: vec![(owned(), owned())],
            score: None,
            cost: None,
            stages: vec![stage],
            events: Some(log.pack()),
        }],
        claims: Some(table(text)),
        warnings: Warnings { sentences: vec![owned()], table: Some(table(text)) },
        receipts,
    }
}

/// The values of an attribute in every tag.
fn attribute<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The page without its own style and script.
fn markup(page: &str) -> String {
    page.replace(script(), "").replace(include_str!("report.css"), "")
}

#[test]
fn hostile_text_is_text_wherever_it_stands() {
    let page = html(&full(HOSTILE)).unwrap();
    let markup = markup(&page);
    assert!(!markup.contains("<img") && !markup.contains("onerror=\""), "markup came through");
    assert!(markup.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}\\x00"));
    assert!(!markup.contains(['\u{202e}', '\0', '\x1b', '\u{2028}']));
    // One block of events and the script of the page.
    assert_eq!(markup.matches("<script").count(), 2);
    assert_eq!(markup.matches("</script>").count(), 2);
}

#[test]
fn the_page_asks_for_nothing() {
    let page = html(&full("x")).unwrap();
    for link in attribute(&page, "href").iter().chain(&attribute(&page, "src")) {
        assert!(link.starts_with('#') || *link == "data:,", "{link}");
    }
    let css = include_str!("report.css");
    assert!(!css.contains("url(") && !css.contains("@import"));
    for forbidden in ["fetch(", "XMLHttpRequest", "import(", "WebSocket", "sendBeacon", "http"] {
        assert!(!script().contains(forbidden), "{forbidden}");
    }
}

#[test]
fn the_policy_allows_the_one_script_and_the_script_makes_no_markup() {
    let page = html(&empty()).unwrap();
    let digest = Sha256::digest(script().as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    let policy = page.split("http-equiv=\"Content-Security-Policy\"").nth(1).unwrap();
    let policy = policy.split('>').next().unwrap();
    assert!(policy.contains(&format!("script-src &#39;sha256-{hash}&#39;")), "{policy}");
    assert!(policy.contains("default-src &#39;none&#39;"), "{policy}");
    // What was hashed is what stands between the tags.
    assert!(page.contains(&format!("<script>{}</script>", script())));
    for forbidden in
        ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "<!--", "</script"]
    {
        assert!(!script().contains(forbidden), "{forbidden}");
    }
}

#[test]
fn links_lead_somewhere_and_places_are_unique() {
    let page = html(&full("a run")).unwrap();
    let ids = attribute(&page, "id");
    let places: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), places.len());
    for link in attribute(&page, "href").iter().filter_map(|l| l.strip_prefix('#')) {
        let place = link.split('/').next().unwrap();
        assert!(places.contains(place), "#{link} leads nowhere");
    }
    assert!(attribute(&page, "href").contains(&"#run-a-run/3"), "evidence links to its event");
    for label in attribute(&page, "aria-labelledby") {
        assert!(places.contains(label), "{label} labels nothing");
    }
}

#[test]
fn numbers_carry_their_exact_value() {
    let page = html(&full("x")).unwrap();
    assert!(page.contains("<td class=\"n\" data-v=\"0.0667824\">$0.0668</td>"));
    assert!(page.contains("<span class=\"n\" data-label=\"calls \">12,345</span>"));
}

#[test]
fn without_events_there_are_no_links_to_them() {
    let mut page = full("x");
    page.runs[0].events = None;
    let page = html(&page).unwrap();
    assert!(!page.contains("application/octet-stream") && !page.contains("#run-x/3"));
    assert!(!markup(&page).contains("<noscript>"));
}

#[test]
fn nothing_is_said_where_there_is_nothing() {
    let page = html(&empty()).unwrap();
    assert!(page.contains("These traces have neither scores nor costs to speak of."));
    assert!(page.contains("The accounts of these traces add up"));
    assert!(!page.contains("id=\"figures\"") && !page.contains("id=\"claims\""));
    assert!(page.len() < 60_000, "{} bytes of frame", page.len());
}

#[test]
fn the_same_page_is_the_same_bytes() {
    assert_eq!(html(&full(HOSTILE)).unwrap(), html(&full(HOSTILE)).unwrap());
}
