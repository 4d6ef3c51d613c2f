//! The page of `ramptrace report` in a real browser: what moves, what is asked for, what hostile traces can do.

use crate::devtools::{Browser, browser_or_skip};
use crate::workspace::{Workspace, published_samples};
use ramptrace::trace::{Event, Kind, RunFacts, StageStatus, Store, ToolStatus};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn samples() -> String {
    published_samples().display().to_string()
}

/// The page of the sample traces, made once for all tests.
fn sample_page() -> PathBuf {
    static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample-report.html");
        let place = path.display().to_string();
        let _ = Workspace::new().ok(&["report", &samples(), "-o", &place, "--force"]);
        path
    });
    MADE.clone()
}

/// The page of a store.
fn page(space: &Workspace, store: &str) -> PathBuf {
    let _ = space.ok(&["report", store, "-o", "report.html"]);
    space.path("report.html")
}

/// A store of one run, in the workspace.
fn store_of(space: &Workspace, run: &RunFacts, events: &[Event]) -> String {
    let root = space.path("store");
    let sealed = Store::seal(&root, run, events).expect("a sealed trace");
    Store::publish(sealed, &run.run_id, &BTreeMap::new(), false).expect("a published trace");
    root.display().to_string()
}

fn event(seq: usize, kind: Kind) -> Event {
    let mut event = Event::new(kind);
    event.seq = i64::try_from(seq).expect("a position");
    event.stage = Some(0);
    event.attempt = Some(1);
    event
}

fn graded(seq: usize, score: f64) -> Event {
    let mut event = event(seq, Kind::StageResult);
    event.score = Some(score);
    event.stage_status = Some(StageStatus::Failed);
    event
}

/// The cells of a column that are shown, as a list of texts.
fn column(browser: &mut Browser, table: &str, place: usize) -> Vec<String> {
    let rows = format!("[...document.querySelectorAll('#{table} tbody tr:not([hidden])')]");
    let cells = browser.value(&format!("{rows}.map((row) => row.cells[{place}].textContent)"));
    let cells = cells.as_array().expect("a list").iter();
    cells.map(|cell| cell.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn tables_are_sorted_and_filtered() {
    let mut browser = browser_or_skip!();
    browser.open(&sample_page(), "");
    let as_it_came = column(&mut browser, "table-frontier", 3);
    let cost = "#table-frontier th[data-name=cost_usd]";
    let sorted = |browser: &mut Browser| {
        let shown = column(browser, "table-frontier", 3);
        let costs: Vec<f64> =
            shown.iter().map(|c| c.replace(',', "").parse().expect("a cost")).collect();
        (
            browser.value(&format!("document.querySelector({cost:?}).getAttribute('aria-sort')")),
            costs,
        )
    };
    let button = format!("{cost} button");
    browser.click(&button);
    let (order, costs) = sorted(&mut browser);
    assert_eq!(order, "ascending");
    assert!(costs.len() == 16 && costs.is_sorted(), "{costs:?}");
    // A heading is a button: the key does what the mouse does, and the focus stays.
    browser.press("Enter");
    let (order, costs) = sorted(&mut browser);
    assert_eq!(order, "descending");
    assert!(costs.iter().rev().is_sorted(), "{costs:?}");
    browser.press("Enter");
    assert_eq!(sorted(&mut browser).0, serde_json::Value::Null);
    assert_eq!(column(&mut browser, "table-frontier", 3), as_it_came);

    let count = "document.querySelector('#table-frontier output').textContent";
    assert_eq!(browser.text(count), "16 rows");
    browser.click("#table-frontier input[type=search]");
    browser.type_text("deepseek YES");
    let names = column(&mut browser, "table-frontier", 1);
    assert!(!names.is_empty() && names.iter().all(|n| n.starts_with("deepseek")), "{names:?}");
    assert_eq!(browser.text(count), format!("{} of 16 rows", names.len()));
    let label = "document.querySelector('#table-frontier input').labels[0].textContent";
    assert_eq!(browser.text(label), "Filter Score against cost");
    browser.assert_quiet();
}

#[test]
fn unknown_values_come_last_in_both_orders() {
    let mut browser = browser_or_skip!();
    browser.open(&sample_page(), "");
    let place =
        browser.number("document.querySelector('#table-cost th[data-name=hit_rate]').cellIndex");
    let place = usize::try_from(place).expect("a column");
    for _ in 0..2 {
        browser.click("#table-cost th[data-name=prefix_breaks] button");
        let cells = column(&mut browser, "table-cost", place + 1);
        let known = cells.iter().filter(|c| *c != "–").count();
        assert!(known > 0 && known < cells.len(), "{cells:?}");
        assert!(cells[..known].iter().all(|c| c != "–"), "{cells:?}");
    }
}

const STAGE: &str = "#run-demo-scripted-0001 details[data-stage=\"1\"]";

#[test]
fn a_click_leads_from_a_model_to_an_event() {
    let mut browser = browser_or_skip!();
    browser.open(&sample_page(), "");
    assert_eq!(browser.number("document.querySelectorAll('.timeline').length"), 0);
    browser.click("details.model > summary");
    browser.click(&format!("{STAGE} > summary"));
    browser.wait("document.querySelectorAll('.timeline tbody tr').length === 19");
    // Event 16 is a command that ended with 2.
    let row = "tr[data-event='16']";
    let shown = browser.text(&format!("document.querySelector(\"{row}\").innerText"));
    assert!(shown.contains("shell") && shown.contains("make test"), "{shown}");
    browser.click(&format!("{row} button"));
    let detail = browser.text("document.querySelector('tr.detail').innerText");
    assert!(
        detail.contains("lexer.c:14: error: expected ';'") && detail.contains("exit code"),
        "{detail}"
    );
    assert_eq!(browser.text("location.hash"), "#run-demo-scripted-0001/16");
    // Three commands that ended with 2, and an edit that found nothing to replace.
    browser.click(".only-bad input");
    assert_eq!(
        browser.text("document.querySelector('.timeline output').textContent"),
        "4 of 19 events"
    );
    browser.click(&format!("{STAGE} > summary"));
    browser.wait("document.querySelectorAll('.timeline').length === 0");
    browser.assert_quiet();
}

#[test]
fn keys_lead_from_a_model_to_an_event() {
    let mut browser = browser_or_skip!();
    browser.open(&sample_page(), "");
    // The shortest way is a link to the runs.
    browser.tab_to("#contents a[href='#runs']");
    browser.press("Enter");
    browser.tab_to("details.model > summary");
    browser.press("Enter");
    browser.tab_to(&format!("{STAGE} > summary"));
    browser.press("Enter");
    browser.wait("document.querySelectorAll('.timeline tbody tr').length > 0");
    browser.tab_to(".timeline tbody button");
    browser.press("ArrowDown");
    browser.press("ArrowDown");
    let third = "[...document.querySelectorAll('.timeline tbody button')][2]";
    assert_eq!(browser.value(&format!("document.activeElement === {third}")), true);
    browser.press("Enter");
    assert_eq!(browser.value(&format!("{third}.getAttribute('aria-expanded')")), "true");
    assert!(browser.text("document.querySelector('tr.detail').innerText").contains("llm call"));
    assert_eq!(
        browser.value(&format!("document.activeElement === {third}")),
        true,
        "the focus stays"
    );
    assert_eq!(
        browser
            .number("document.querySelectorAll('.timeline tbody button[tabindex=\"0\"]').length"),
        1
    );
    browser.assert_quiet();
}

#[test]
fn an_address_names_an_event() {
    let mut browser = browser_or_skip!();
    let page = sample_page();
    browser.open(&page, "#run-demo-scripted-0001/34");
    browser.wait("document.querySelector('tr.detail') !== null");
    assert_eq!(browser.text("document.activeElement.textContent"), "34");
    browser.assert_quiet();
    // From a failure to the event that proves it.
    browser.open(&page, "");
    browser.click("#table-failures a[href='#run-demo-scripted-0001/27']");
    browser.wait("document.activeElement.textContent === '27'");
    browser.open(&page, "#run-nobody/1");
    browser.open(&page, "#%E0%A4%A/'\"]");
    browser.assert_quiet();
}

const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)><b class=injected>\u{202e}gpj\0\x1b[2J\u{2028}'\"`${1}";

#[test]
fn hostile_traces_stay_text() {
    let mut browser = browser_or_skip!();
    let space = Workspace::new();
    let text = || Some(HOSTILE.to_owned());
    let run = RunFacts {
        run_id: HOSTILE.to_owned(),
        workload: HOSTILE.to_owned(),
        model: HOSTILE.to_owned(),
        provider: text(),
        agent: text(),
        protocol: text(),
    };
    let mut call = event(0, Kind::LlmCall);
    (call.content, call.finish_reason, call.error_type) = (text(), text(), text());
    let mut tool = event(1, Kind::ToolCall);
    (tool.tool_name, tool.arguments, tool.tool_status) = (text(), text(), Some(ToolStatus::Error));
    tool.content = Some("x".repeat(10_000_000));
    let events = [call, tool, graded(2, 0.0)];
    browser.open(&page(&space, &store_of(&space, &run, &events)), "");
    browser.click("details.model > summary");
    browser.click("details.stage[data-stage=\"0\"] > summary");
    browser.wait("document.querySelectorAll('.timeline tbody tr').length === 3");
    for place in 0..3 {
        browser.value(&format!(
            "document.querySelectorAll('.timeline tbody th button')[{place}].click()"
        ));
    }
    assert_eq!(browser.number("document.querySelectorAll('img, iframe, .injected').length"), 0);
    assert_eq!(browser.number("document.querySelectorAll('script:not([data-run])').length"), 1);
    for selector in ["h1", ".model .name", ".run .id", "tr[data-event=\"1\"] .tool", "tr.detail"] {
        let shown = browser.text(&format!("document.querySelector('{selector}').textContent"));
        assert!(shown.contains("<img src=x onerror=alert(1)>"), "{selector}: {shown}");
        assert!(shown.contains("\\u{202e}gpj\\x00\\x1b[2J"), "{selector}: {shown}");
    }
    let acting = r"/[\u0000-\u0008\u001b\u202a-\u202e\u2028\u2066-\u2069]/.test(document.documentElement.textContent)";
    assert_eq!(browser.value(acting), false);
    // The line of ten million letters is an excerpt.
    assert!(browser.number("document.documentElement.textContent.length") < 200_000);
    browser.assert_quiet();
}

#[test]
fn a_hundred_thousand_events_open_in_pages() {
    let mut browser = browser_or_skip!();
    let space = Workspace::new();
    let run = RunFacts {
        run_id: "long".to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        ..RunFacts::default()
    };
    let mut events: Vec<Event> = (0..100_000)
        .map(|i| {
            let mut event = event(i, Kind::ToolCall);
            event.exit_code = Some(i64::from(i % 1000 == 999));
            event.content = Some(format!("line {i}"));
            event
        })
        .collect();
    events.push(graded(100_000, 50.0));
    browser.open(&page(&space, &store_of(&space, &run, &events)), "");
    let elements = browser.number("document.querySelectorAll('*').length");
    browser.click("details.model > summary");
    browser.click("details.stage[data-stage=\"0\"] > summary");
    let rows = "document.querySelectorAll('.timeline tbody tr').length";
    browser.wait(&format!("{rows} > 0"));
    assert_eq!(browser.number(rows), 200);
    assert_eq!(
        browser.text("document.querySelector('.pager [role=status]').textContent"),
        "1 to 200 of 100,001"
    );
    assert!(browser.number("document.querySelectorAll('*').length") < elements + 3_000);
    browser.click(".pager button:last-child");
    assert_eq!(browser.number(rows), 1, "the last page holds the grade");
    browser.click(".only-bad input");
    assert_eq!(
        browser.text("document.querySelector('.timeline output').textContent"),
        "101 of 100,001 events"
    );
    browser.value("location.hash = '#run-long/77777'");
    browser.wait("document.activeElement.textContent === '77777'");
    assert_eq!(browser.number(rows), 201, "a page and what was opened");
    browser.assert_quiet();
}

#[test]
fn paper_shows_what_is_closed_and_nothing_to_press() {
    let mut browser = browser_or_skip!();
    browser.open(&sample_page(), "");
    let seen = |browser: &mut Browser, selector: &str| {
        browser.number(&format!(
            "[...document.querySelectorAll({selector:?})].filter((e) => e.checkVisibility()).length"
        ))
    };
    let stages = browser.number("document.querySelectorAll('.stage .facts').length");
    assert_eq!(seen(&mut browser, ".stage .facts"), 0);
    assert!(seen(&mut browser, "nav a, input, #theme") > 20);
    browser.media("print", "dark");
    assert_eq!(seen(&mut browser, "nav a, input, #theme"), 0);
    assert_eq!((stages, seen(&mut browser, ".stage .facts")), (93, 93), "stages are open on paper");
    let printed = browser.call("Page.printToPDF", &serde_json::json!({"preferCSSPageSize": true}));
    let pdf = printed["data"].as_str().expect("base64");
    assert!(pdf.starts_with("JVBERi0"), "%PDF-");
    assert_eq!(
        browser.text("getComputedStyle(document.querySelector('#table-stages .scroll')).maxHeight"),
        "none"
    );
    // Ink on white, whatever the screen is like.
    assert_eq!(browser.text("getComputedStyle(document.body).color"), "rgb(26, 29, 33)");
    browser.assert_quiet();
}

/// The least contrast (WCAG 2.2, 1.4.3) of texts with the ground that they stand on.
const CONTRAST: &str = "(() => {
    const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = (e) => { const c = getComputedStyle(e).backgroundColor;
        return /, 0\\)$/.test(c) ? (e.parentElement ? ground(e.parentElement) : 'rgb(255, 255, 255)') : c; };
    const texts = ['h1', 'nav ol ol a', '.finding .lead', '.finding .basis', '.label', 'thead th', 'tbody th a', 'td', '.null',
        '.notes li', '.badge.good', '.badge.bad', '.badge.fair', '.badge:not(.good, .bad, .fair)', '.pip.good', '.pip.bad', '.legend',
        'figcaption', '#theme'];
    return Math.min(...texts.map((t) => document.querySelector(t)).map((e) => {
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))]; return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
})()";

#[test]
fn dark_and_light_follow_the_system_and_the_button() {
    let mut browser = browser_or_skip!();
    let page = sample_page();
    let ground = "getComputedStyle(document.body).backgroundColor";
    let pressed = "document.querySelector('#theme').getAttribute('aria-pressed')";
    for (scheme, own, other) in [
        ("light", "rgb(255, 255, 255)", "rgb(22, 25, 29)"),
        ("dark", "rgb(22, 25, 29)", "rgb(255, 255, 255)"),
    ] {
        browser.media("screen", scheme);
        browser.open(&page, "");
        assert_eq!(browser.text(ground), own);
        assert_eq!(browser.text(pressed), (scheme == "dark").to_string());
        let figure = "getComputedStyle(document.querySelector('.figure text')).fill";
        let ink = if scheme == "dark" { "rgb(236, 238, 240)" } else { "rgb(0, 0, 0)" };
        assert_eq!(browser.text(figure), ink, "figures turn dark too");
        // A figure whose colours follow no rule stands there twice, and is seen once.
        let seen = "[...document.querySelectorAll('.figure svg')].filter((e) => e.checkVisibility()).length";
        let figures = browser.number("document.querySelectorAll('.figure').length");
        assert_eq!(browser.number(seen), figures);
        let contrast = browser.value(CONTRAST).as_f64().expect("a number");
        assert!(contrast >= 4.5, "{scheme}: {contrast}");
        browser.click("#theme");
        assert_eq!(browser.text(ground), other);
        assert_eq!(browser.text(pressed), (scheme != "dark").to_string());
    }
    browser.assert_quiet();
}

#[test]
fn a_narrow_screen_scrolls_down_and_never_sideways() {
    let mut browser = browser_or_skip!();
    browser.open(&sample_page(), "#run-demo-scripted-0001/12");
    browser.wait("document.querySelector('tr.detail') !== null");
    for width in [400, 800, 1300] {
        browser.width(width);
        let beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.number(beyond), 0, "{width}");
    }
}

#[test]
fn without_a_script_all_but_events_reads() {
    let mut browser = browser_or_skip!();
    let page = sample_page();
    browser.call("Emulation.setScriptExecutionDisabled", &serde_json::json!({"value": true}));
    browser.open(&page, "");
    assert_eq!(
        browser.number("document.querySelectorAll('button, input').length"),
        0,
        "nothing dead to press"
    );
    assert!(
        browser.text("document.querySelector('#runs').innerText").contains("Without JavaScript")
    );
    browser.click("details.model > summary");
    browser.click(&format!("{STAGE} > summary"));
    let stage = browser.text(&format!("document.querySelector({STAGE:?}).innerText"));
    assert!(stage.contains("Cause of the failure") && stage.contains("I stop here."), "{stage}");
    assert!(browser.number("document.querySelectorAll('#tables tbody tr').length") > 300);
    browser.assert_quiet();
}
