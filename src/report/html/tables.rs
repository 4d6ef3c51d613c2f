//! Tables as people see them, with the exact value behind every number, by which the script sorts.

use super::super::cell::{Exact, exact, rounded};
use super::super::{Align, Column, Kind, Table, Value};
use super::markup::Html;
use std::collections::HashMap;

/// Where runs and their events stand in the page.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Anchor by run id, and whether its events are there.
    pub(super) runs: HashMap<String, (String, bool)>,
}

/// Columns that name a run.
const RUN: &str = "run_id";
/// Columns that name an event of the run in the same row.
const EVENTS: [&str; 2] = ["evidence_seq", "first_seq"];
/// Columns whose words carry a judgement.
const JUDGED: [&str; 4] = ["verdict", "status", "stage_status", "outcome"];
/// Characters from which on a text may take several lines.
const LONG: usize = 44;
/// Notes that stand open under their table.
const MOST_NOTES: usize = 5;
/// Columns from which on print sets a table smaller.
const WIDE: usize = 12;
const WIDER: usize = 20;

/// A table under its heading, with its notes. `anchor` is the place it gets.
pub(super) fn write(html: &mut Html, table: &Table, anchor: &str, places: &Places) {
    let label = format!("{anchor}-title");
    html.open("section", &[("class", size(table)), ("id", anchor)]);
    html.open("div", &[("class", "bar")]);
    html.open("h3", &[("id", &label)]).text(title(table));
    super::document::link_here(html, anchor, title(table));
    html.close("h3").close("div");
    if table.rows().is_empty() {
        html.raw("<p class=\"empty\">No rows.</p>");
    } else {
        html.open(
            "div",
            &[
                ("class", "scroll"),
                ("role", "region"),
                ("aria-labelledby", &label),
                ("tabindex", "0"),
            ],
        );
        html.open("table", &[("aria-labelledby", &label)]);
        head(html, table);
        body(html, table, places);
        html.close("table").close("div");
    }
    notes(html, table);
    html.raw("</section>\n");
}

/// What the table says of itself; folded when it is long, since the warnings repeat it.
fn notes(html: &mut Html, table: &Table) {
    let count = table.notes().len();
    if count == 0 {
        return;
    }
    let folded = count > MOST_NOTES;
    if folded {
        html.raw("<details class=\"notes\"><summary> ");
        html.text(&format!("{count} notes")).raw("</summary>");
    } else {
        html.raw("<div class=\"notes\">");
    }
    html.raw("<ul>");
    for note in table.notes() {
        html.element("li", &[], note);
    }
    html.raw("</ul>").close(if folded { "details" } else { "div" });
}

/// The heading: its title, or its name where it has none.
pub(super) fn title(table: &Table) -> &str {
    if table.title().is_empty() { table.name() } else { table.title() }
}

fn size(table: &Table) -> &'static str {
    match table.columns().len() {
        n if n > WIDER => "table wider",
        n if n > WIDE => "table wide",
        _ => "table",
    }
}

fn head(html: &mut Html, table: &Table) {
    html.raw("<thead><tr>");
    for column in table.columns() {
        html.open("th", &[("scope", "col"), ("class", side(column)), ("data-name", &column.name)]);
        html.text(&column.label);
        if let Some(unit) = &column.unit {
            html.raw(" <span class=\"unit\">(").text(unit).raw(")</span>");
        }
        html.raw("</th>");
    }
    html.raw("</tr></thead>\n");
}

fn body(html: &mut Html, table: &Table, places: &Places) {
    let columns = table.columns();
    let run = columns.iter().position(|c| c.name == RUN);
    html.raw("<tbody>\n");
    for row in table.rows() {
        let run_id = run.and_then(|i| row.get(i)).and_then(|v| match v {
            Value::Text(id) => Some(id.as_str()),
            _ => None,
        });
        let place = run_id.and_then(|id| places.runs.get(id));
        html.raw("<tr>");
        for (index, (column, value)) in columns.iter().zip(row).enumerate() {
            cell(html, index == 0, column, value, place);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>");
}

fn cell(
    html: &mut Html,
    first: bool,
    column: &Column,
    value: &Value,
    place: Option<&(String, bool)>,
) {
    let tag = if first { "th" } else { "td" };
    let shown = rounded(column, value);
    let mut attributes: Vec<(&'static str, &str)> = Vec::new();
    if first {
        attributes.push(("scope", "row"));
    }
    let class = match (value, side(column)) {
        (Value::Null, "n") => "n null",
        (Value::Null, _) => "null",
        (Value::Text(_), "") if column.name == RUN => "id",
        (Value::Text(text), "") if text.chars().nth(LONG).is_some() => "long",
        (_, side) => side,
    };
    if !class.is_empty() {
        attributes.push(("class", class));
    }
    let exact = match exact(value) {
        Exact::Bare(text) if text != shown && column.kind != Kind::Bool => Some(text),
        _ => None,
    };
    if let Some(exact) = &exact {
        attributes.push(("data-v", exact));
    }
    html.open(tag, &attributes);
    match (place, value) {
        (_, Value::Null) => {
            html.raw("–");
        }
        (Some((anchor, _)), Value::Text(_)) if column.name == RUN => {
            html.element("a", &[("href", &format!("#{anchor}"))], &shown);
        }
        (Some((anchor, true)), Value::Int(seq)) if EVENTS.contains(&column.name.as_str()) => {
            html.element("a", &[("href", &format!("#{anchor}/{seq}"))], &shown);
        }
        (_, Value::Text(word)) if JUDGED.contains(&column.name.as_str()) => {
            html.element("span", &[("class", badge(word))], &shown);
        }
        _ => {
            html.text(&shown);
        }
    }
    html.close(tag);
}

/// The class of a word that judges.
pub(super) fn badge(word: &str) -> &'static str {
    match word {
        "passed" | "agrees" => "badge good",
        "failed" | "no_tests" | "disagrees" | "error" => "badge bad",
        "infra" | "recovered" | "rounding" => "badge fair",
        _ => "badge",
    }
}

fn side(column: &Column) -> &'static str {
    match column.align {
        Align::Right => "n",
        Align::Left => "",
    }
}
