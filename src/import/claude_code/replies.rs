//! Lines of the assistant to rows: a reply over its lines, and what the client writes in the model's place.

use super::super::ImportError;
use super::super::claude::{Reply, counts, hash_of, request_error, usage_of};
use super::super::fields::Fields;
use super::super::rows::{millis_between, timed};
use super::line::Message;
use super::scan::SYNTHETIC;
use super::walk::{Entry, Walk, is_last_line};
use crate::trace::{CostSource, Event, Kind, Timestamp, UsageQuality, Usd};

impl Walk<'_, '_> {
    /// A line of a reply.
    pub(super) fn assistant(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let Some(message) = entry.message.take() else {
            self.report.reject(
                entry.place.path,
                entry.place.line,
                "an assistant line without a message",
            );
            return Ok(());
        };
        let Message { blocks, fields: mut message } = message;
        let model = message.text("model");
        let failed = entry.fields.flag("isApiErrorMessage") == Some(true);
        if failed || model.as_deref() == Some(SYNTHETIC) {
            return self.synthetic(entry, blocks.text, failed);
        }
        let id = message.text("id").filter(|id| !id.is_empty());
        let call = id.as_deref().and_then(|id| self.ledger.call(id));
        if let (Some(call), Some(id)) = (call, &id)
            && call.file != entry.file
        {
            let of = format!("{id} ({})", self.ledger.place(call.file, call.first_line));
            let Entry { place, .. } = entry;
            self.report.duplicate("call counted elsewhere", place.path, place.line, of);
            if !self.is_own(call.file) {
                self.note_copied(Message { blocks, fields: message });
            }
            return Ok(());
        }
        let known = id.is_some();
        let id = id
            .or_else(|| entry.uuid.clone())
            .unwrap_or_else(|| format!("line-{}", entry.place.line));
        let mut event = Event::new(Kind::LlmCall);
        event.finish_reason = message.text("stop_reason");
        let of_thread = self.place(&mut entry, &mut event, Some(&id), "");
        let mut kept = Fields::default();
        if let Some(usage) = message.take("usage") {
            if call.is_none()
                && let Some(fields) = Fields::of(usage.clone())
            {
                usage_of(&fields).fill(&mut event, Some(UsageQuality::Partial));
            }
            kept.keep("usage", usage);
        }
        if let Some(call) = call {
            let usage = counts(
                call.uncached.get(),
                call.cache_read.get(),
                call.cache_write.get(),
                call.output.get(),
            );
            let quality = (!call.settled).then_some(UsageQuality::Partial);
            usage.fill(&mut event, quality);
        }
        let first = !self.talk.is_open(&id);
        self.cost_and_time(&mut entry, &mut event, first, call.and_then(|c| c.ended));
        if let Some(model) = model.filter(|m| *m != self.model) {
            kept.keep("model", model);
        }
        message.drop("role");
        message.drop("type");
        for call in &blocks.calls {
            self.threads.note_call(call);
            if let (false, Some(id)) = (self.copied_calls.is_empty(), &call.id) {
                self.copied_calls.remove(&hash_of(id));
            }
        }
        let mut of_calls = of_thread.clone();
        if let Some(uuid) = &entry.uuid {
            of_calls.keep("uuid", uuid.as_str());
        }
        for (name, value) in message.into_pairs() {
            entry.fields.keep(&name, value);
        }
        entry.fields.count(&mut self.report);
        for fields in [entry.fields, of_thread] {
            for (name, value) in fields.into_pairs() {
                kept.keep(&name, value);
            }
        }
        let last = call.is_none_or(|call| is_last_line(call, entry.file, entry.place.line));
        let first = self.talk.say(Reply {
            thread: &entry.thread,
            id: &id,
            event,
            blocks,
            attributes: kept,
            of_calls,
            written: entry.time,
            last: last || !known,
        })?;
        self.interrupted = false;
        if first {
            self.report.used();
            self.calls += 1;
            self.unsettled += u64::from(call.is_some_and(|c| !c.settled));
        } else {
            self.report.merge("further line of a reply");
        }
        Ok(())
    }

    /// The time of a reply: from what it answers to its last line; old versions log cost and duration themselves.
    fn cost_and_time(
        &mut self,
        entry: &mut Entry<'_>,
        event: &mut Event,
        first: bool,
        ended: Option<Timestamp>,
    ) {
        let asked = &mut self.threads.get(&entry.thread, || None).asked;
        let asked = if first { asked.take() } else { None };
        let ended = ended.max(entry.time);
        event.ts = asked.filter(|asked| Some(*asked) <= entry.time).or(entry.time);
        if event.ts < ended {
            event.duration_ms = millis_between(event.ts, ended);
        }
        if let Some(millis) =
            entry.fields.number("durationMs").filter(|ms| (0.0..1e12).contains(ms))
        {
            event.duration_ms = Some(millis);
            let micros = Timestamp::from_epoch_seconds(millis / 1e3).map_or(0, Timestamp::micros);
            event.ts = entry.time.map(|time| time.plus_micros(-micros));
        }
        if let Some(cost) = entry.fields.take("costUSD") {
            let amount = cost.as_number().and_then(|n| Usd::parse(&n.to_string()));
            if let Some(amount) = amount.filter(|usd| usd.nanos() > 0) {
                event.cost_usd = Some(amount);
                event.cost_source = Some(CostSource::ClientEstimate);
            } else {
                entry.fields.keep("costUSD", cost);
            }
        }
    }

    /// A message that the client wrote in the model's place: a failed request, or a stand-in for no answer.
    fn synthetic(
        &mut self,
        mut entry: Entry<'_>,
        text: String,
        failed: bool,
    ) -> Result<(), ImportError> {
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), "");
        event.event_id = id;
        event.role = Some("assistant".to_owned());
        if failed {
            let error = entry.fields.text("error").filter(|e| e != "unknown");
            event.error_type = Some(error.unwrap_or_else(|| request_error(&text)));
        } else {
            entry.fields.keep("synthetic", true);
        }
        event.content = (!text.is_empty()).then_some(text);
        for (name, value) in of_thread.into_pairs() {
            entry.fields.keep(&name, value);
        }
        event.attributes = entry.fields.rest_counted(&mut self.report);
        self.report.used();
        self.interrupted = false;
        self.talk.rows.push(event)
    }
}
