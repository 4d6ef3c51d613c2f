//! `ramptrace store recover`: recordings that were cut short, made into traces.

use super::CliError;
use super::output::{Output, TableFormat};
use crate::capture::journal::{
    JournalError, Leftover, Recovered, Recovery, inspect, journals, leftovers, recover,
};
use crate::report::{Column, Kind, Table};
use clap::Args;
use std::path::{Path, PathBuf};

/// What `store recover` is asked.
#[derive(Debug, Args)]
#[command(
    after_help = "A recording keeps its events in STORE/.ramptrace/journal until it ends. A killed one leaves them there: its whole\n\
    events become a trace that ends with `interrupted`, and the journal goes away. What cannot be read is counted, and\n\
    kept beside as RUN.journal.torn. Recordings that are still going on are left alone.\n\n\
    EXAMPLES:\n  \
    ramptrace store recover store --list\n  \
    ramptrace store recover store"
)]
pub(super) struct Recover {
    /// The store
    store: PathBuf,
    /// Only list what there is, and change nothing
    #[arg(long)]
    list: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// Says that a store has recordings that were cut short.
pub(super) fn warn_of_leftovers(store: &Path, output: &mut Output) {
    let found = leftovers(store);
    if found > 0 {
        let (recordings, were) =
            if found == 1 { ("recording", "was") } else { ("recordings", "were") };
        output.warning(format_args!(
            "{found} {recordings} of this store {were} cut short; for what they hold: ramptrace store recover {}",
            store.display()
        ));
    }
}

/// One row of the table.
#[derive(Default)]
struct Row {
    run: String,
    state: &'static str,
    events: Option<u64>,
    torn_bytes: Option<u64>,
    file: Option<PathBuf>,
}

pub(super) fn run(args: &Recover, output: &mut Output) -> Result<(), CliError> {
    if !args.store.is_dir() {
        return Err(CliError::usage(format!("{}: no such folder", args.store.display())));
    }
    let found = journals(&args.store)?;
    let mut table = Table::new(
        "journals",
        "",
        vec![
            Column::new("run_id", "Run", Kind::Text),
            Column::new("state", "State", Kind::Text),
            Column::new("events", "Events", Kind::Int),
            Column::new("torn_bytes", "Torn bytes", Kind::Int),
            Column::new("file", "File", Kind::Text),
        ],
    )?;
    let mut errors = Vec::new();
    for journal in &found {
        let row = if args.list {
            inspect(journal).map(|left| listed(journal, left))
        } else {
            recover(&args.store, journal).map(|outcome| recovered(journal, outcome, output))
        };
        match row {
            Ok(row) => table.push(vec![
                row.run.into(),
                row.state.into(),
                row.events.into(),
                row.torn_bytes.into(),
                row.file.map(|file| file.display().to_string()).into(),
            ])?,
            Err(error) => errors.push(error),
        }
    }
    if !table.rows().is_empty() || args.format != TableFormat::Text {
        output.table(&table, args.format, 1)?;
    }
    if found.is_empty() {
        output.note(format_args!("no recording of {} was cut short", args.store.display()));
    }
    all_done(errors, found.len(), output)
}

fn all_done(
    mut errors: Vec<JournalError>,
    total: usize,
    output: &mut Output,
) -> Result<(), CliError> {
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0).into()),
        failed => {
            let at_fault = errors.iter().all(JournalError::is_data_fault);
            for error in errors {
                output.error(&error.into());
            }
            let message = format!("{failed} of {total} journals could not be read or finished");
            Err(if at_fault { CliError::data(message) } else { CliError::usage(message) })
        }
    }
}

fn listed(journal: &Path, left: Leftover) -> Row {
    let summary = left.summary;
    Row {
        run: summary.run.run_id,
        state: match (left.live, summary.ended) {
            (true, _) => "live",
            (false, true) => "ended",
            (false, false) => "interrupted",
        },
        events: Some(summary.events),
        // A live journal may be in the middle of a frame.
        torn_bytes: summary.torn.filter(|_| !left.live).map(|torn| torn.bytes),
        file: Some(journal.to_owned()),
    }
}

fn recovered(journal: &Path, outcome: Recovery, output: &mut Output) -> Row {
    let run = journal.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match outcome {
        Recovery::Live => Row { run, state: "live", ..Row::default() },
        Recovery::Empty => Row { run, state: "empty", events: Some(0), ..Row::default() },
        Recovery::Done(done) => {
            warn_of_damage(&done, output);
            Row {
                run: done.run_id,
                state: match (&done.trace, done.was_there, done.interrupted) {
                    (None, ..) => "unreadable",
                    (_, true, _) => "in the store",
                    (_, false, true) => "interrupted",
                    (_, false, false) => "ended",
                },
                events: Some(done.events),
                torn_bytes: done.torn.map(|torn| torn.bytes),
                file: done.trace,
            }
        }
    }
}

fn warn_of_damage(done: &Recovered, output: &mut Output) {
    if let (Some(torn), Some(kept)) = (done.torn, &done.kept) {
        output.warning(format_args!(
            "{}: events kept: {}; {torn} and stay in {}",
            done.run_id,
            done.events,
            kept.display()
        ));
    }
}
