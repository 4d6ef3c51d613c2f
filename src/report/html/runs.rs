//! From a model to its runs, their stages and their events.
//!
//! Models, runs and stages are plain disclosures that read without a script; the events of a stage are put in when it is
//! opened.

use super::super::money;
use super::super::number::{group, rounded};
use super::markup::Html;
use super::page::{RunSection, StageSection};
use super::tables::{Places, badge};
use crate::trace::Usd;

/// Shown for what is unknown.
const UNKNOWN: &str = "–";

/// Every run, under its workload and model. Runs of a model stand together.
pub(super) fn write(html: &mut Html, runs: &[RunSection], places: &Places) {
    let several = runs.iter().any(|r| r.workload != runs[0].workload);
    for workload in runs.chunk_by(|a, b| a.workload == b.workload) {
        if several {
            html.element("h3", &[("class", "workload")], &workload[0].workload);
        }
        html.raw("<div class=\"models\">\n");
        html.raw(
            "<div class=\"model-head\" aria-hidden=\"true\"><span>Model</span><span>Runs</span><span class=\"pips\">Stages</span>\
             <span>Mean score</span><span>Cost</span></div>\n",
        );
        for model in workload.chunk_by(|a, b| a.model == b.model) {
            model_section(html, model, places);
        }
        html.raw("</div>\n");
    }
}

/// The events of every run, packed, behind everything that is read.
pub(super) fn write_blocks(html: &mut Html, runs: &[RunSection], places: &Places) {
    for run in runs {
        if let (Some(events), Some((anchor, _))) = (&run.events, places.runs.get(&run.run_id)) {
            html.open("script", &[("type", "application/octet-stream"), ("data-run", anchor)]);
            html.base64(&events.base64).close("script").raw("\n");
        }
    }
}

fn model_section(html: &mut Html, runs: &[RunSection], places: &Places) {
    html.raw("<details class=\"model\"><summary>");
    html.element("span", &[("class", "name")], &runs[0].model);
    let count = format!("{} run{}", runs.len(), if runs.len() == 1 { "" } else { "s" });
    html.element("span", &[("class", "many")], &count);
    match runs {
        [one] => outline(html, one),
        _ => {
            html.raw(
                "<span class=\"pips\"></span><span class=\"n\"></span><span class=\"n\"></span>",
            );
        }
    }
    html.raw("</summary>\n");
    for run in runs {
        run_section(html, run, runs.len() == 1, places);
    }
    html.raw("</details>\n");
}

/// Stages as marks, mean score and cost.
fn outline(html: &mut Html, run: &RunSection) {
    html.raw("<span class=\"pips\">");
    for stage in &run.stages {
        let words = format!("stage {}: {}", stage.stage, stage.outcome.replace('_', " "));
        html.open("span", &[("class", pip(stage.outcome)), ("title", &words)]);
        html.element("span", &[("aria-hidden", "true")], mark(stage.outcome));
        html.element("span", &[("class", "unseen")], &words).raw("</span>");
    }
    html.raw("</span>");
    html.element("span", &[("class", "n")], &points(run.score));
    html.element("span", &[("class", "n")], &dollars(run.cost));
}

fn run_section(html: &mut Html, run: &RunSection, only: bool, places: &Places) {
    let anchor = places.runs.get(&run.run_id).map(|p| p.0.as_str()).unwrap_or_default();
    let mut attributes = vec![("class", "run"), ("id", anchor)];
    if only {
        attributes.push(("open", ""));
    }
    html.open("details", &attributes).raw("<summary>");
    html.element("span", &[("class", "name id")], &run.run_id);
    if !only {
        outline(html, run);
    }
    html.raw("</summary>\n<dl class=\"facts\">");
    for (name, value) in &run.facts {
        html.raw("<div>").element("dt", &[], name).element("dd", &[], value).raw("</div>");
    }
    html.raw("</dl>\n<div class=\"stages\">");
    html.raw(
        "<div class=\"stage-head\" aria-hidden=\"true\"><span>Stage</span><span>Outcome</span><span>Points</span>\
         <span>Calls</span><span>Tokens</span><span>Cost</span><span>Time</span><span>Events</span></div>\n",
    );
    for stage in &run.stages {
        stage_section(html, run, stage, anchor);
    }
    let outside = run.events.as_ref().and_then(|e| e.counts.get(&None));
    if let Some(count) = outside {
        html.raw("<details class=\"stage\" data-stage=\"\"><summary>");
        html.raw("<span class=\"outside\">Outside stages</span>");
        html.element("span", &[("class", "n events"), ("data-label", "events ")], &whole(*count));
        html.raw("</summary></details>\n");
    }
    html.raw("</div></details>\n");
}

fn stage_section(html: &mut Html, run: &RunSection, stage: &StageSection, anchor: &str) {
    html.open("details", &[("class", "stage"), ("data-stage", &stage.stage.to_string())]);
    html.raw("<summary>");
    html.raw("<span><span class=\"word\">Stage </span>")
        .text(&stage.stage.to_string())
        .raw("</span>");
    html.raw("<span>");
    html.element("span", &[("class", badge(stage.outcome))], &stage.outcome.replace('_', " "));
    html.raw("</span>");
    let count = |n: Option<i64>| n.map_or(UNKNOWN.to_owned(), |n| group(&n.to_string()));
    let seconds =
        stage.elapsed_s.map_or(UNKNOWN.to_owned(), |s| format!("{} s", group(&format!("{s:.0}"))));
    let events =
        run.events.as_ref().map(|e| e.counts.get(&Some(stage.stage)).copied().unwrap_or(0));
    for (label, value) in [
        ("points ", points(stage.score)),
        ("calls ", count(stage.llm_calls)),
        ("tokens ", count(stage.total_tokens)),
        ("cost ", dollars(stage.cost)),
        ("time ", seconds),
        ("events ", events.map_or(UNKNOWN.to_owned(), whole)),
    ] {
        html.element("span", &[("class", "n"), ("data-label", label)], &value);
    }
    html.raw("</summary>\n<dl class=\"facts\">");
    if let Some(reason) = &stage.end_reason {
        let reason = reason.replace('_', " ");
        html.raw("<div><dt>Ended by</dt>").element("dd", &[], &reason).raw("</div>");
    }
    if let Some(cause) = &stage.cause {
        html.raw("<div><dt>Cause of the failure</dt><dd>").text(&cause.cause);
        html.text(&format!(", confidence {}", cause.confidence)).raw("</dd></div>");
        if let Some((seq, excerpt)) = &cause.evidence {
            html.raw("<div class=\"evidence\"><dt>Evidence</dt><dd><q>").text(excerpt).raw("</q> ");
            let name = format!("event {seq}");
            if run.events.is_some() {
                html.element("a", &[("href", &format!("#{anchor}/{seq}"))], &name);
            } else {
                html.text(&name);
            }
            html.raw("</dd></div>");
        }
    }
    html.raw("</dl></details>\n");
}

fn points(score: Option<f64>) -> String {
    score.map_or(UNKNOWN.to_owned(), |s| rounded(s, Some(2)))
}

fn dollars(cost: Option<Usd>) -> String {
    cost.map_or(UNKNOWN.to_owned(), |c| money::rounded(c.nanos().into()))
}

fn whole(count: usize) -> String {
    group(&count.to_string())
}

fn pip(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "pip good",
        "failed" | "no_tests" => "pip bad",
        "infra" => "pip fair",
        _ => "pip",
    }
}

/// A letter beside the colour.
fn mark(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "P",
        "failed" => "F",
        "no_tests" => "B",
        "infra" => "I",
        "not_attempted" => "N",
        _ => "?",
    }
}
