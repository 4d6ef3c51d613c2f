//! What an event says, in words: shared by the timeline of the terminal and that of the page.

use crate::trace::Event;

/// A graded stage or attempt: score, status, tests, ending and time.
pub fn result_words(event: &Event) -> String {
    let mut parts = Vec::new();
    parts.push(event.score.map_or_else(|| "no score".to_owned(), |s| format!("score {s}")));
    parts.extend(event.stage_status.map(|s| s.as_str().to_owned()));
    if let (Some(passed), Some(total)) = (event.tests_passed, event.tests_total) {
        parts.push(format!("{passed} of {total} tests"));
    }
    parts.extend(event.end_reason.map(|r| format!("ended by {r}")));
    parts.extend(event.elapsed_s.map(|s| format!("{s:.1} s")));
    parts.join(", ")
}
