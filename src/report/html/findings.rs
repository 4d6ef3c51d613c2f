//! The findings: a number that leads, a sentence, and what both stand on.

use super::markup::Html;
use crate::analysis::findings::Finding;

/// Findings under the heading of their workload, where there are several. `figure` gives the place of a figure.
pub(super) fn write(
    html: &mut Html,
    findings: &[Finding],
    anchor: &mut dyn FnMut(&Finding) -> String,
    figure: &dyn Fn(&str, &str) -> Option<String>,
) {
    if findings.is_empty() {
        html.raw(
            "<p class=\"empty\">These traces have neither scores nor costs to speak of.</p>\n",
        );
        return;
    }
    let several = findings.iter().any(|f| f.workload != findings[0].workload);
    for group in findings.chunk_by(|a, b| a.workload == b.workload) {
        if several {
            html.element("h3", &[("class", "workload")], &group[0].workload);
        }
        html.raw("<div class=\"findings\">\n");
        for finding in group {
            let place = anchor(finding);
            html.open("article", &[("class", "finding"), ("id", &place)]);
            html.element(if several { "h4" } else { "h3" }, &[("class", "label")], finding.label);
            html.element("p", &[("class", "lead")], &finding.lead);
            html.element("p", &[], &finding.text);
            html.open("p", &[("class", "basis")]).text(&finding.basis);
            if let Some(place) = finding.figure.and_then(|f| figure(&finding.workload, f)) {
                html.raw(" · ").element("a", &[("href", &format!("#{place}"))], "figure");
            }
            html.raw("</p></article>\n");
        }
        html.raw("</div>\n");
    }
}
