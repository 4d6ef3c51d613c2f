//! The columns of an event: what may be masked in which.
//!
//! Texts (content, arguments, attributes, errors) lose everything that is taken for a secret. Names and identifiers lose
//! known secrets only: they are what traces are joined by, and a keyed pseudonym keeps them joined. Numbers, times, hashes
//! and the words of closed lists are never touched.

use super::Findings;
use super::json::{is_json, mask_json};
use super::redactor::{Redactor, Scope};
use crate::trace::{Event, RunFacts};
use std::borrow::Cow;

impl Redactor {
    /// Masks the secrets of an event and says what was masked.
    pub fn mask_event(&self, event: &mut Event) -> Findings {
        let mut findings = Findings::default();
        let own =
            [&event.event_id, &event.parent_event_id, &event.response_id, &event.tool_call_id];
        let ids: Vec<String> = own.into_iter().flatten().cloned().collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let texts = Scope { ids: &ids, ..Scope::ALL };
        for (column, text, always_json) in [
            ("content", &mut event.content, false),
            ("arguments", &mut event.arguments, true),
            ("attributes", &mut event.attributes, true),
        ] {
            self.mask_text(column, text, texts, always_json, &mut findings);
        }
        for (column, text) in
            [("error_type", &mut event.error_type), ("finish_reason", &mut event.finish_reason)]
        {
            self.mask_plain(column, text, texts, &mut findings);
        }
        for (column, text) in [
            ("event_id", &mut event.event_id),
            ("parent_event_id", &mut event.parent_event_id),
            ("response_id", &mut event.response_id),
            ("tool_name", &mut event.tool_name),
            ("tool_call_id", &mut event.tool_call_id),
            ("role", &mut event.role),
        ] {
            self.mask_plain(column, text, Scope::NAMES, &mut findings);
        }
        findings
    }

    /// Masks the secrets of a run's facts, before they name a file, and says what was masked.
    pub fn mask_run(&self, run: &mut RunFacts) -> Findings {
        let mut findings = Findings::default();
        let scope = Scope { random: false, ..Scope::ALL };
        for (column, text) in [
            ("run_id", &mut run.run_id),
            ("workload", &mut run.workload),
            ("model", &mut run.model),
        ] {
            if let Cow::Owned(masked) = self.mask_counted(text, scope, column, &mut findings) {
                *text = masked;
            }
        }
        for (column, text) in [
            ("provider", &mut run.provider),
            ("agent", &mut run.agent),
            ("protocol", &mut run.protocol),
        ] {
            self.mask_plain(column, text, scope, &mut findings);
        }
        findings
    }

    /// Masks a text that may be JSON. Without `always_json`, only what looks like an object or a list is taken for it.
    fn mask_text(
        &self,
        column: &'static str,
        text: &mut Option<String>,
        scope: Scope<'_>,
        always_json: bool,
        findings: &mut Findings,
    ) {
        let looks_json = |text: &str| always_json || text.trim_start().starts_with(['{', '[']);
        if let Some(json) = text.as_mut().filter(|t| looks_json(t) && is_json(t)) {
            if let Some(masked) = mask_json(self, json, scope, column, findings) {
                *json = masked;
            }
        } else {
            self.mask_plain(column, text, scope, findings);
        }
    }

    fn mask_plain(
        &self,
        column: &'static str,
        text: &mut Option<String>,
        scope: Scope<'_>,
        findings: &mut Findings,
    ) {
        if let Some(text) = text
            && let Cow::Owned(masked) = self.mask_counted(text, scope, column, findings)
        {
            *text = masked;
        }
    }
}
