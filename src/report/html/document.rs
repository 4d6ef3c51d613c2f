//! The whole page, head to foot.
//!
//! Its content security policy allows the one script below by its hash, styles in the page, and nothing else: were text of a
//! trace to become markup after all, it could neither run nor ask for anything.

use super::super::TableError;
use super::anchor::Anchors;
use super::markup::Html;
use super::page::{Page, PageFigure};
use super::tables::{Places, title};
use super::{figures, findings, receipts, runs, tables};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = concat!(include_str!("report.js"), include_str!("timeline.js"));

/// A part of the page: its place, its heading, and its parts.
type Part = (&'static str, &'static str, Vec<(String, String)>);

/// The page as one HTML document.
pub fn html(page: &Page) -> Result<String, TableError> {
    let mut anchors = Anchors::default();
    let places = places(page, &mut anchors);
    let figure_places: Vec<String> = page
        .figures
        .iter()
        .map(|f| anchors.name("figure", &[&f.workload, &f.name, &f.part]))
        .collect();
    let table_places: Vec<String> =
        page.tables.iter().map(|t| anchors.name("table", &[t.name()])).collect();
    let receipt_tables = receipts::tables(&page.receipts)?;

    let mut html = Html::default();
    let darkness = figures::Darkness::of(&page.figures);
    head(&mut html, page, &darkness.css());
    contents(&mut html, &parts(page, &figure_places, &table_places));
    html.raw("<main id=\"content\">\n");
    section(&mut html, "findings", "Findings");
    let place_of = |workload: &str, name: &str| {
        let is = |f: &PageFigure| f.workload == workload && f.name == name;
        page.figures.iter().position(is).and_then(|i| figure_places.get(i).cloned())
    };
    let mut finding_place =
        |f: &crate::analysis::findings::Finding| anchors.name("finding", &[&f.workload, f.name]);
    findings::write(&mut html, &page.findings, &mut finding_place, &place_of);
    html.raw("</section>\n");
    if !page.figures.is_empty() {
        section(&mut html, "figures", "Figures");
        figures::write(&mut html, &page.figures, &figure_places, &darkness);
        html.raw("</section>\n");
    }
    section(&mut html, "tables", "Tables");
    for (table, place) in page.tables.iter().zip(&table_places) {
        tables::write(&mut html, table, place, &places);
    }
    html.raw("</section>\n");
    run_section(&mut html, page, &places);
    if let Some(claims) = &page.claims {
        section(&mut html, "claims", "Claims");
        tables::write(&mut html, claims, &anchors.name("table", &[claims.name()]), &places);
        html.raw("</section>\n");
    }
    warnings(&mut html, page, &table_places, &mut anchors, &places);
    section(&mut html, "receipts", "Receipts");
    receipts::write(&mut html, &page.receipts);
    for table in &receipt_tables {
        tables::write(&mut html, table, &anchors.name("table", &[table.name()]), &places);
    }
    html.raw("</section>\n</main>\n");
    runs::write_blocks(&mut html, &page.runs, &places);
    html.raw("<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    Ok(html.finish())
}

/// The mark behind a heading that links to it.
pub(super) fn link_here(html: &mut Html, anchor: &str, what: &str) {
    let words = format!("Link to {what}");
    html.raw(" ");
    html.element(
        "a",
        &[("class", "here"), ("href", &format!("#{anchor}")), ("aria-label", &words)],
        "#",
    );
}

fn places(page: &Page, anchors: &mut Anchors) -> Places {
    // What the page itself is made of comes first.
    for name in ["content", "contents", "theme"] {
        anchors.name(name, &[]);
    }
    let mut places = Places::default();
    for run in &page.runs {
        let place = (anchors.name("run", &[&run.run_id]), run.events.is_some());
        places.runs.insert(run.run_id.clone(), place);
    }
    places
}

/// `inks` are the rules by which figures turn dark.
fn head(html: &mut Html, page: &Page, inks: &str) {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    );
    html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]).raw("\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    let generator = format!("ramptrace {}", page.receipts.version);
    html.open("meta", &[("name", "generator"), ("content", &generator)]).raw("\n");
    // Without this a browser asks the server of the page for an icon.
    html.raw("<link rel=\"icon\" href=\"data:,\">\n");
    html.element("title", &[], &page.title);
    html.raw("\n<style>\n").raw(STYLE);
    for rule in inks.lines() {
        html.text(rule).raw("\n");
    }
    html.raw("</style>\n</head>\n<body>\n");
    html.raw("<a class=\"skip\" href=\"#content\">Skip to the findings</a>\n<header>\n");
    html.element("h1", &[], &page.title).raw("\n<dl class=\"facts\">");
    for (name, value) in &page.facts {
        html.raw("<div>").element("dt", &[], name).element("dd", &[], value).raw("</div>");
    }
    html.raw("</dl>\n</header>\n");
}

fn section(html: &mut Html, place: &'static str, heading: &'static str) {
    html.raw("<section id=\"").raw(place).raw("\"><h2>").raw(heading);
    link_here(html, place, heading);
    html.raw("</h2>\n");
}

/// What is on the page, part by part.
fn parts(page: &Page, figure_places: &[String], table_places: &[String]) -> Vec<Part> {
    let several = page.figures.iter().any(|f| f.workload != page.figures[0].workload);
    let figure_name = |f: &PageFigure| {
        let name = f.name.replace('_', " ");
        if several { format!("{name} · {}", f.workload) } else { name }
    };
    // Of figures with one per run, the first stands for all.
    let mut shown = Vec::new();
    for (figure, place) in page.figures.iter().zip(figure_places) {
        let name = figure_name(figure);
        if !shown.iter().any(|(_, other)| *other == name) {
            shown.push((place.clone(), name));
        }
    }
    let tables = page.tables.iter().zip(table_places);
    let tables = tables.map(|(t, place)| (place.clone(), title(t).to_owned())).collect();
    let mut parts: Vec<Part> = vec![("findings", "Findings", Vec::new())];
    if !page.figures.is_empty() {
        parts.push(("figures", "Figures", shown));
    }
    parts.push(("tables", "Tables", tables));
    parts.push(("runs", "Runs", Vec::new()));
    if page.claims.is_some() {
        parts.push(("claims", "Claims", Vec::new()));
    }
    parts.push(("warnings", "Warnings", Vec::new()));
    parts.push(("receipts", "Receipts", Vec::new()));
    parts
}

fn contents(html: &mut Html, parts: &[Part]) {
    html.raw("<nav id=\"contents\" aria-label=\"Contents\">\n<ol>\n");
    for (place, name, parts) in parts {
        html.raw("<li><a href=\"#").raw(place).raw("\">").raw(name).raw("</a>");
        if !parts.is_empty() {
            html.raw("<ol>");
            for (place, name) in parts {
                html.raw("<li>").element("a", &[("href", &format!("#{place}"))], name).raw("</li>");
            }
            html.raw("</ol>");
        }
        html.raw("</li>\n");
    }
    html.raw("</ol>\n</nav>\n");
}

fn run_section(html: &mut Html, page: &Page, places: &Places) {
    section(html, "runs", "Runs");
    if page.runs.iter().any(|r| r.events.is_some()) {
        html.raw(
            "<p>Open a model, a run and a stage to see its events; the number of an event opens the event.</p>\n\
             <noscript><p class=\"lost\">Without JavaScript the events of each stage are not shown, and tables cannot be \
             sorted or filtered. Everything else is here.</p></noscript>\n",
        );
    }
    html.raw(
        "<p class=\"legend\"><span class=\"pip good\">P</span> passed <span class=\"pip bad\">F</span> failed \
         <span class=\"pip bad\">B</span> no test ran: the build was broken <span class=\"pip fair\">I</span> ended by \
         infrastructure <span class=\"pip\">N</span> not attempted <span class=\"pip\">?</span> no score</p>\n",
    );
    runs::write(html, &page.runs, places);
    html.raw("</section>\n");
}

fn warnings(
    html: &mut Html,
    page: &Page,
    table_places: &[String],
    anchors: &mut Anchors,
    places: &Places,
) {
    section(html, "warnings", "Warnings");
    let noted = || page.tables.iter().zip(table_places).filter(|(t, _)| !t.notes().is_empty());
    if page.warnings.sentences.is_empty() && page.warnings.table.is_none() {
        html.raw("<p class=\"empty\">The accounts of these traces add up, and every cost is known.</p>\n");
    }
    if !page.warnings.sentences.is_empty() {
        html.raw("<ul class=\"warnings\">");
        for sentence in &page.warnings.sentences {
            html.element("li", &[], sentence);
        }
        html.raw("</ul>\n");
    }
    if let Some(table) = &page.warnings.table {
        tables::write(html, table, &anchors.name("table", &[table.name()]), places);
    }
    if noted().next().is_some() {
        html.raw("<h3>What the tables say of themselves</h3>\n<dl class=\"noted\">");
        for (table, place) in noted() {
            html.raw("<dt>")
                .element("a", &[("href", &format!("#{place}"))], title(table))
                .raw("</dt>");
            for note in table.notes() {
                html.element("dd", &[], note);
            }
        }
        html.raw("</dl>\n");
    }
    html.raw("</section>\n");
}

/// The script, for tests of what it may contain.
#[cfg(test)]
pub(super) const fn script() -> &'static str {
    SCRIPT
}
