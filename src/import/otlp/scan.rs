//! The records of a file of spans, wherever they stand in it: in requests of the trace service (`resourceSpans`), in parts
//! of them without that wrapper (`scopeSpans`), in requests with logs or metrics, or bare.

use super::reader::{ENDS, Place, Reader, Trouble};
use std::io::Read;

/// What is found in a file, in its order.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A value with a name of OTLP's begins.
    Otlp,
    /// The spans of a process begin.
    ResourceBegins,
    /// What that process is. It may come after its spans.
    Resource(&'a [u8]),
    /// The spans of an instrumentation begin.
    ScopeBegins,
    /// Which instrumentation.
    Scope(&'a [u8]),
    /// A span.
    Span(&'a [u8], Place),
    /// A record of a log.
    Log(&'a [u8], Place),
    /// A metric.
    Metric,
    /// An object that is none of these by its place: perhaps a span of another format.
    Bare(&'a [u8], Place),
    /// What cannot be read, and where it begins.
    Broken(Place, String),
}

/// Finds all records.
pub(super) fn scan(stream: Box<dyn Read + Send>, found: &mut dyn FnMut(Piece<'_>)) {
    let mut scanner = Scanner { reader: Reader::new(stream), found };
    loop {
        match scanner.next() {
            Ok(true) => {}
            Ok(false) => return,
            Err((place, Trouble::Io(error))) => {
                return found(Piece::Broken(place, format!("the file breaks off: {error}")));
            }
            Err((place, Trouble::Bad(problem))) => {
                (scanner.found)(Piece::Broken(place, problem.to_owned()));
                scanner.reader.take_kept();
                if scanner.reader.place() == place {
                    scanner.reader.pass();
                }
                if scanner.reader.seek_value().is_err() {
                    return;
                }
            }
        }
    }
}

struct Scanner<'f> {
    reader: Reader,
    found: &'f mut dyn FnMut(Piece<'_>),
}

/// Passes the value of a field, which it is told the name of.
type Each<'e, S> = dyn FnMut(&mut S, &[u8]) -> Result<(), Trouble> + 'e;

/// What a list holds.
#[derive(Clone, Copy)]
enum Holds {
    OfResource,
    OfScope,
    Spans,
    Logs,
    Metrics,
    Bare,
}

impl Holds {
    /// What the lists of these names hold in a part of a request.
    fn of_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"resourceSpans" | b"resourceLogs" | b"resourceMetrics" => Self::OfResource,
            b"scopeSpans" | b"scopeLogs" | b"scopeMetrics" | b"instrumentationLibrarySpans" => {
                Self::OfScope
            }
            b"logRecords" => Self::Logs,
            b"metrics" => Self::Metrics,
            b"spans" => Self::Spans,
            _ => return None,
        })
    }
}

impl Scanner<'_> {
    /// Finds what is in the next value; false at the end.
    fn next(&mut self) -> Result<bool, (Place, Trouble)> {
        loop {
            let place = self.reader.place();
            let failed = |trouble| (place, trouble);
            match self.reader.peek().map_err(failed)? {
                None => return Ok(false),
                Some(b'{') => {
                    self.top(place).map_err(failed)?;
                    return Ok(true);
                }
                // Arrays of records, byte order marks and the separators of RFC 7464.
                Some(byte) if byte.is_ascii_whitespace() => self.reader.pass(),
                Some(b'[' | b']' | b',' | 0x1e | 0xef | 0xbb | 0xbf) => self.reader.pass(),
                Some(_) => return Err(failed(Trouble::Bad("it is not JSON"))),
            }
        }
    }

    /// An object that is in no other.
    fn top(&mut self, place: Place) -> Result<(), Trouble> {
        self.reader.begin_value()?;
        self.reader.keep();
        let mut resource: Option<Vec<u8>> = None;
        let mut is_part = false;
        self.fields(&mut |scanner, name| {
            let holds = match name {
                b"batches" => Some(Holds::OfResource),
                b"spans" => Some(Holds::Bare),
                b"logRecords" | b"metrics" => None,
                name => Holds::of_name(name),
            };
            match (name, holds) {
                (_, Some(holds)) if scanner.reader.peek()? == Some(b'[') => {
                    scanner.reader.take_kept();
                    match holds {
                        // Others have lists of these names as well: what is in them tells.
                        Holds::Bare => {}
                        Holds::OfResource if name == b"batches" => {}
                        Holds::OfScope if !is_part => {
                            is_part = true;
                            (scanner.found)(Piece::Otlp);
                            (scanner.found)(Piece::ResourceBegins);
                            if let Some(resource) = &resource {
                                (scanner.found)(Piece::Resource(resource));
                            }
                        }
                        _ => (scanner.found)(Piece::Otlp),
                    }
                    scanner.list(holds)
                }
                (b"resource", _) => {
                    let value = scanner.reader.value()?;
                    if is_part {
                        (scanner.found)(Piece::Resource(&value));
                    }
                    resource = Some(value);
                    Ok(())
                }
                _ => scanner.reader.pass_value(),
            }
        })?;
        self.reader.end_value();
        match self.reader.take_kept() {
            None => {}
            Some(Ok(bytes)) => (self.found)(Piece::Bare(&bytes, place)),
            Some(Err(problem)) => (self.found)(Piece::Broken(place, problem.to_owned())),
        }
        Ok(())
    }

    fn list(&mut self, holds: Holds) -> Result<(), Trouble> {
        if self.reader.peek()? != Some(b'[') {
            return self.reader.pass_value();
        }
        self.reader.pass();
        loop {
            self.reader.space()?;
            match self.reader.peek()? {
                None => return Err(ENDS),
                Some(b']') => {
                    self.reader.pass();
                    return Ok(());
                }
                Some(b',') => self.reader.pass(),
                Some(b'{') => self.item(holds)?,
                Some(_) => self.reader.pass_value()?,
            }
        }
    }

    fn item(&mut self, holds: Holds) -> Result<(), Trouble> {
        let place = self.reader.place();
        match holds {
            Holds::OfResource => {
                (self.found)(Piece::ResourceBegins);
                self.part(
                    b"resource",
                    |value| Piece::Resource(value),
                    |h| matches!(h, Holds::OfScope),
                )
            }
            Holds::OfScope => {
                (self.found)(Piece::Otlp);
                (self.found)(Piece::ScopeBegins);
                let inner = |h| matches!(h, Holds::Spans | Holds::Logs | Holds::Metrics);
                self.part(b"scope", |value| Piece::Scope(value), inner)
            }
            Holds::Metrics => {
                self.reader.pass_value()?;
                (self.found)(Piece::Metric);
                Ok(())
            }
            Holds::Spans | Holds::Logs | Holds::Bare => {
                let record = self.reader.value()?;
                (self.found)(match holds {
                    Holds::Spans => Piece::Span(&record, place),
                    Holds::Logs => Piece::Log(&record, place),
                    _ => Piece::Bare(&record, place),
                });
                Ok(())
            }
        }
    }

    /// An object that has a description, and a list of what stands in it.
    fn part(
        &mut self,
        describes: &[u8],
        piece: fn(&[u8]) -> Piece<'_>,
        stands_in_it: fn(Holds) -> bool,
    ) -> Result<(), Trouble> {
        self.fields(&mut |scanner, name| {
            if name == describes || (describes == b"scope" && name == b"instrumentationLibrary") {
                let value = scanner.reader.value()?;
                (scanner.found)(piece(&value));
                return Ok(());
            }
            match Holds::of_name(name).filter(|holds| stands_in_it(*holds)) {
                Some(holds) => scanner.list(holds),
                None => scanner.reader.pass_value(),
            }
        })
    }

    /// The fields of an object; `each` passes their values.
    fn fields(&mut self, each: &mut Each<'_, Self>) -> Result<(), Trouble> {
        self.reader.pass();
        loop {
            self.reader.space()?;
            match self.reader.peek()? {
                None => return Err(ENDS),
                Some(b'}') => {
                    self.reader.pass();
                    return Ok(());
                }
                Some(b',') => self.reader.pass(),
                Some(b'"') => {
                    let name = self.reader.text()?;
                    self.reader.space()?;
                    if self.reader.peek()? != Some(b':') {
                        return Err(Trouble::Bad("a field has no value"));
                    }
                    self.reader.pass();
                    self.reader.space()?;
                    each(self, &name)?;
                }
                Some(_) => return Err(Trouble::Bad("it is not JSON")),
            }
        }
    }
}
