//! Trace files with their secrets masked.
//!
//! Events are read and written one by one, so that memory does not grow with the file. The new file is sealed beside its
//! place; whoever asked for it compares it with the old one and gives it its name. The hash of each run is made anew by
//! the writer.

use super::{Findings, Redactor};
use crate::trace::{
    Event, RunFacts, SCHEMA_VERSION, SealedTrace, TraceError, TraceReader, TraceWriter, read_footer,
};
use std::path::Path;

/// What was found in a trace file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Events in the file.
    pub events: u64,
    /// Events with a mask that is new.
    pub masked_events: u64,
    /// What was masked in events.
    pub findings: Findings,
    /// Secrets in the facts of runs, which stay: they name files, and results refer to them.
    pub left: Findings,
}

/// What [`rewrite`] would mask.
pub fn scan(redactor: &Redactor, source: &Path) -> Result<Rewritten, TraceError> {
    each_event(redactor, source, |_, _| Ok(()))
}

/// Writes a trace file with its secrets masked, for `target`, without giving it its name. A file of a newer format, of
/// which columns would be lost, is refused.
pub fn rewrite(
    redactor: &Redactor,
    source: &Path,
    target: &Path,
) -> Result<(Rewritten, SealedTrace), TraceError> {
    let footer = read_footer(source)?;
    if footer.schema_version > SCHEMA_VERSION {
        return Err(TraceError::NewerMinor {
            path: source.to_owned(),
            found: footer.schema_version,
            supported: SCHEMA_VERSION,
            written_by: footer.tool_version,
        });
    }
    let mut writer = TraceWriter::create(target)?;
    let rewritten = each_event(redactor, source, |run, event| writer.write(run, event))?;
    Ok((rewritten, writer.seal()?))
}

/// Masks every event of a file and hands it on.
fn each_event(
    redactor: &Redactor,
    source: &Path,
    mut hand_on: impl FnMut(&RunFacts, &Event) -> Result<(), TraceError>,
) -> Result<Rewritten, TraceError> {
    let mut rewritten = Rewritten::default();
    let mut last_run: Option<RunFacts> = None;
    for item in TraceReader::open(source)? {
        let (run, mut event) = item?;
        if last_run.as_ref() != Some(&run) {
            rewritten.left.merge(&redactor.mask_run(&mut run.clone()));
        }
        let findings = redactor.mask_event(&mut event);
        rewritten.events += 1;
        rewritten.masked_events += u64::from(!findings.is_empty());
        rewritten.findings.merge(&findings);
        hand_on(&run, &event)?;
        last_run = Some(run);
    }
    Ok(rewritten)
}

#[cfg(test)]
mod tests {
    use super::super::{KnownSecrets, PseudonymKey, RedactionRules};
    use super::*;
    use crate::trace::{Kind, compare_files};

    const SECRET: &str = "hunter-two-hunter";

    fn redactor() -> Redactor {
        let mut known = KnownSecrets::default();
        known.add(SECRET);
        Redactor::new(PseudonymKey::from_bytes([7; 32]), &known, RedactionRules::default()).unwrap()
    }

    #[test]
    fn a_rewritten_file_differs_where_masks_are() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old.parquet", "new.parquet"].map(|name| folder.path().join(name));
        let run = |name: &str| RunFacts { run_id: name.to_owned(), ..RunFacts::default() };
        let mut writer = TraceWriter::create(&old).unwrap();
        for (name, seq) in [("a", 0), ("a", 1), (SECRET, 0)] {
            let mut event = Event { seq, input_tokens: Some(7), ..Event::new(Kind::Message) };
            event.content =
                Some(if seq == 0 { format!("{SECRET}{SECRET}") } else { "x".to_owned() });
            writer.write(&run(name), &event).unwrap();
        }
        writer.finish(false).unwrap();

        let redactor = redactor();
        let scanned = scan(&redactor, &old).unwrap();
        let (rewritten, sealed) = rewrite(&redactor, &old, &new).unwrap();
        assert_eq!(scanned, rewritten);
        assert!(!new.exists(), "it has no name before it is compared");
        assert_eq!((rewritten.events, rewritten.masked_events), (3, 2));
        assert_eq!(rewritten.findings.iter().collect::<Vec<_>>(), [("content", "known-secret", 4)]);
        assert_eq!(rewritten.left.iter().collect::<Vec<_>>(), [("run_id", "known-secret", 1)]);

        let difference = compare_files(&old, sealed.partial_path()).unwrap();
        assert_eq!(difference.rows, [3, 3]);
        assert_eq!(difference.columns.into_iter().collect::<Vec<_>>(), [("content", 2)]);
        sealed.publish(false).unwrap();
        assert!(scan(&redactor, &new).unwrap().findings.is_empty());
    }
}
