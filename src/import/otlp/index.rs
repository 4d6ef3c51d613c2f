//! The first pass over all files: where each span is, what it says of its run, and which spans came before.
//!
//! Spans are exported when they end, so one trace may be in many files, its root last or never, and a span that an exporter
//! sent twice is in two of them. Only what groups and orders spans is kept of them here; their texts are read again later.

use super::super::files::{LogFile, lenient};
use super::super::{ImportError, ImportReport};
use super::reader::Place;
use super::scan::{Piece, scan};
use super::{flat, logs};
use crate::capture::otlp::genai::Glance;
use crate::capture::otlp::spans::{Span, attributes_from_json, span_from_json};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// How a span is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Otlp,
    Flat,
    /// It is a record of a log that says what a span would.
    Log,
}

/// A span, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) file: u32,
    pub(super) place: Place,
    pub(super) len: usize,
    pub(super) form: Form,
    context: u32,
    scope: u32,
    pub(super) trace: u32,
    pub(super) start_ns: Option<u64>,
    pub(super) end_ns: Option<u64>,
    pub(super) conversation: u32,
    pub(super) agent: u32,
    pub(super) model: u32,
    pub(super) provider: u32,
    pub(super) is_of_agent: bool,
    /// The place of its first row, if ramptrace exported it.
    pub(super) seq: Option<i64>,
}

/// Texts by numbers; 0 is the empty one.
#[derive(Debug)]
pub(super) struct Texts {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

/// All spans of some files.
#[derive(Debug)]
pub(super) struct Index {
    /// The files, each in a form in which any part can be read at once.
    pub(super) files: Vec<LogFile>,
    pub(super) spans: Vec<Entry>,
    pub(super) texts: Texts,
    /// What each process is, and which of them the spans that stand together are of.
    resources: Vec<Arc<Map<String, Value>>>,
    contexts: Vec<u32>,
    by_resource: HashMap<String, u32>,
    by_context: HashMap<u32, u32>,
    /// What became of records that are no spans, by file.
    pub(super) accounts: Vec<ImportReport>,
    by_id: HashMap<u128, u32>,
}

impl Texts {
    fn new() -> Self {
        let empty: Arc<str> = Arc::from("");
        Self { all: vec![Arc::clone(&empty)], numbers: [(empty, 0)].into_iter().collect() }
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let Ok(number) = u32::try_from(self.all.len()) else { return 0 };
        let text: Arc<str> = Arc::from(text);
        self.all.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |text| text)
    }

    /// The text, unless it is the empty one.
    pub(super) fn some(&self, number: u32) -> Option<&str> {
        Some(self.get(number)).filter(|text| !text.is_empty())
    }
}

impl Index {
    /// An index of no files.
    pub(super) fn new() -> Self {
        Self {
            files: Vec::new(),
            spans: Vec::new(),
            texts: Texts::new(),
            resources: vec![Arc::default()],
            contexts: vec![0],
            by_resource: [("{}".to_owned(), 0)].into_iter().collect(),
            by_context: HashMap::new(),
            accounts: Vec::new(),
            by_id: HashMap::new(),
        }
    }

    /// Adds the spans of a file.
    pub(super) fn add(&mut self, file: &LogFile) -> Result<(), ImportError> {
        // What a stream that breaks off has before the break is read; the break itself is told below.
        let stream = file.open()?;
        let file = file.seekable_to_its_break()?;
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let mut account = ImportReport::of("otlp", file.name());
        self.files.push(file);
        let mut reading = Reading { file: number, context: 0, scope: 0, resources: HashMap::new() };
        scan(stream, &mut |piece| self.piece(&mut reading, &mut account, piece));
        self.accounts.push(account);
        Ok(())
    }

    fn piece(&mut self, reading: &mut Reading, account: &mut ImportReport, piece: Piece<'_>) {
        match piece {
            Piece::Otlp => {}
            Piece::ResourceBegins => {
                reading.context = u32::try_from(self.contexts.len()).unwrap_or(0);
                reading.scope = 0;
                self.contexts.push(0);
            }
            Piece::Resource(bytes) => {
                let resource = self.resource(reading, bytes);
                if let Some(context) = self.contexts.get_mut(reading.context as usize) {
                    *context = resource;
                }
            }
            Piece::ScopeBegins => reading.scope = 0,
            Piece::Scope(bytes) => {
                let scope: Option<Value> = lenient(bytes).ok();
                let name = scope.as_ref().and_then(|scope| scope.get("name")?.as_str());
                reading.scope = self.texts.number(name.unwrap_or_default());
            }
            Piece::Metric => account.skip("metric", 1),
            Piece::Broken(place, problem) => {
                let file = &self.files[reading.file as usize];
                account.reject(file.name(), place.line, problem);
            }
            Piece::Span(bytes, place) => self.record(reading, account, Form::Otlp, bytes, place),
            Piece::Bare(bytes, _) if is_empty_object(bytes) => account.skip("empty object", 1),
            Piece::Bare(bytes, place) => self.record(reading, account, Form::Flat, bytes, place),
            Piece::Log(bytes, place) => match logs::kind(bytes) {
                logs::Record::Span => self.record(reading, account, Form::Log, bytes, place),
                logs::Record::Other(name) => account.skip(&format!("log record {name}"), 1),
            },
        }
    }

    fn resource(&mut self, reading: &mut Reading, bytes: &[u8]) -> u32 {
        if let Some(known) = reading.resources.get(bytes) {
            return *known;
        }
        let number = self.known(Arc::new(attributes_from_json(bytes).unwrap_or_default()));
        reading.resources.insert(bytes.to_vec(), number);
        number
    }

    /// The number of a resource.
    fn known(&mut self, resource: Arc<Map<String, Value>>) -> u32 {
        let json = serde_json::to_string(&*resource).unwrap_or_default();
        if let Some(number) = self.by_resource.get(&json) {
            return *number;
        }
        let number = u32::try_from(self.resources.len()).unwrap_or(0);
        self.resources.push(resource);
        self.by_resource.insert(json, number);
        number
    }

    /// The context of a span that says itself what its process is.
    fn context_of(&mut self, span: &Span) -> u32 {
        let resource = self.known(Arc::clone(&span.resource));
        if let Some(context) = self.by_context.get(&resource) {
            return *context;
        }
        let context = u32::try_from(self.contexts.len()).unwrap_or(0);
        self.contexts.push(resource);
        self.by_context.insert(resource, context);
        context
    }

    /// Adds a span, unless it came before.
    fn record(
        &mut self,
        reading: &Reading,
        account: &mut ImportReport,
        form: Form,
        bytes: &[u8],
        place: Place,
    ) {
        let resource =
            Arc::clone(&self.resources[self.contexts[reading.context as usize] as usize]);
        let span = match parse(form, bytes, self.texts.get(reading.scope), &resource) {
            Ok(span) => span,
            Err(problem) => {
                let path = self.files[reading.file as usize].name();
                return account.reject(path, place.line, problem);
            }
        };
        let glance = Glance::of(&span);
        let context = if form == Form::Flat { self.context_of(&span) } else { reading.context };
        let trace = self.texts.number(&span.trace_id);
        let mut text = |text: Option<String>| text.map_or(0, |text| self.texts.number(&text));
        let entry = Entry {
            file: reading.file,
            place,
            len: bytes.len(),
            form,
            context,
            scope: reading.scope,
            trace,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            conversation: text(glance.conversation),
            agent: text(glance.agent),
            model: text(glance.model),
            provider: text(glance.provider),
            is_of_agent: glance.is_of_agent,
            seq: super::ours::first_seq(&span),
        };
        if span.span_id.is_empty() {
            self.spans.push(entry);
            return;
        }
        let key = key(trace, &span.span_id);
        if let Some(first) = self.by_id.get(&key).map(|first| &mut self.spans[*first as usize]) {
            // One that was exported before it ended says less than the same when it had.
            let (kept, other) = match (first.end_ns, entry.end_ns) {
                (None, Some(_)) => (entry.clone(), std::mem::replace(first, entry)),
                _ => (first.clone(), entry),
            };
            let path_of = |entry: &Entry| self.files[entry.file as usize].name();
            let path = path_of(&kept).display();
            let dup_of = format!("span {} ({path}:{})", span.span_id, kept.place.line);
            account.duplicate("span that came again", path_of(&other), other.place.line, dup_of);
            return;
        }
        self.by_id.insert(key, u32::try_from(self.spans.len()).unwrap_or(u32::MAX));
        self.spans.push(entry);
    }

    /// What the process of a span is.
    pub(super) fn resource_of(&self, entry: &Entry) -> &Arc<Map<String, Value>> {
        let resource = self.contexts.get(entry.context as usize).copied().unwrap_or(0);
        &self.resources[resource as usize]
    }

    /// Reads a span with its texts.
    pub(super) fn read(&self, entry: &Entry) -> Result<Span, ImportError> {
        let file = &self.files[entry.file as usize];
        let bytes = file.read_at(entry.place.offset, entry.len)?;
        let span = parse(entry.form, &bytes, self.texts.get(entry.scope), self.resource_of(entry));
        span.map_err(|problem| ImportError::BadRecord {
            path: file.name().to_owned(),
            line: entry.place.line,
            problem: format!("the file changed while it was read: {problem}"),
        })
    }

    /// Says that all files are read.
    pub(super) fn finished(mut self) -> Self {
        self.by_id = HashMap::new();
        // What stands after the spans of a process is true of them as well.
        let of_resource: Vec<u32> = (0..self.resources.len())
            .map(|i| {
                let nothing = span_from_json(b"{}", "", &self.resources[i]).ok();
                let conversation = nothing.and_then(|span| Glance::of(&span).conversation);
                conversation.map_or(0, |id| self.texts.number(&id))
            })
            .collect();
        for entry in &mut self.spans {
            if entry.conversation == 0 {
                let resource = self.contexts.get(entry.context as usize).copied().unwrap_or(0);
                entry.conversation = of_resource[resource as usize];
            }
        }
        self
    }
}

/// Where in a file the next record stands.
struct Reading {
    file: u32,
    context: u32,
    scope: u32,
    /// Resources by their JSON: most requests repeat it.
    resources: HashMap<Vec<u8>, u32>,
}

/// Stands for the identifier of a span: there may be millions of them, and no two hashes of 128 bits are the same.
fn key(trace: u32, span_id: &str) -> u128 {
    let mut digest = Sha256::new();
    digest.update(trace.to_be_bytes());
    digest.update(span_id.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&digest.finalize()[..16]);
    u128::from_be_bytes(first)
}

fn is_empty_object(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'{' | b'}') || b.is_ascii_whitespace())
}

fn parse(
    form: Form,
    bytes: &[u8],
    scope: &str,
    resource: &Arc<Map<String, Value>>,
) -> Result<Span, String> {
    match form {
        Form::Flat => flat::span(bytes),
        Form::Log => logs::span(bytes, scope, resource),
        Form::Otlp => span_from_json(bytes, scope, resource).or_else(|error| {
            // What Python and others write that is no JSON.
            let mended: Value = lenient(bytes).map_err(|_| error.to_string())?;
            span_from_json(mended.to_string().as_bytes(), scope, resource)
                .map_err(|error| error.to_string())
        }),
    }
}
