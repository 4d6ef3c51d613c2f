//! `ramptrace replay RUN`: on a terminal a player, in a pipe one block per event, and the exports.

use super::CliError;
use super::output::Output;
use super::replace::OutputFile;
use super::replay::{Export, Replay, select};
use super::replay_screen;
use crate::replay::{
    Cast, Filter, Player, Position, Recording, mentions, write_asciicast, write_chrome,
    write_event, write_markdown,
};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

pub(super) fn run(args: &Replay, output: &mut Output) -> Result<(), CliError> {
    let filter = filter(args)?;
    let mut recording = Recording::open(&select(&args.run[0], &args.store)?)?;
    let from = from(args, &recording)?;
    if !recording.moments().iter().any(|moment| filter.wants(moment)) {
        let run = &recording.facts().run_id;
        return Err(CliError::data(format!("{run} has no events of this kind: {}", filter.name()))
            .hint("leave out --only to see all of them"));
    }
    if let Some(export) = args.export {
        return write_export(export, args, &recording, &filter, from, output);
    }
    if !args.plain && io::stdout().is_terminal() {
        let speed = args.speed.unwrap_or(1.0);
        let mut player = Player::new(recording.moments(), from, filter, speed, !args.step);
        if let Some(text) = &args.search {
            player.search(text, &mut recording)?;
        }
        return replay_screen::run(&mut player, &mut recording, output);
    }
    print(args, &recording, &filter, from, output)
}

fn filter(args: &Replay) -> Result<Filter, CliError> {
    Filter::of(args.only.iter().map(String::as_str)).map_err(|word| {
        CliError::usage(format!("`{word}` is not a kind of event"))
            .hint(format!("--only takes {}", Filter::words().join(", ")))
    })
}

/// The place of `--from`.
fn from(args: &Replay, recording: &Recording) -> Result<usize, CliError> {
    let Some(text) = &args.from else { return Ok(0) };
    let position: Position = text.parse().map_err(CliError::usage)?;
    position.find(recording.moments()).ok_or_else(|| {
        let run = &recording.facts().run_id;
        CliError::usage(format!("{run} has no place `{text}`"))
            .hint(format!("its events are 0 to {}", recording.last()))
    })
}

/// One block per event, at once, or paced when a speed is given.
fn print(
    args: &Replay,
    recording: &Recording,
    filter: &Filter,
    from: usize,
    output: &mut Output,
) -> Result<(), CliError> {
    let paints = output.paints();
    let needle = args.search.as_ref().map(|text| text.to_lowercase());
    let pace = args.speed.filter(|speed| speed.is_finite());
    let places = from..recording.moments().len();
    let mut before = recording.moments()[from].at_us;
    for (place, item) in places.clone().zip(recording.stream(places)?) {
        let event = item?.1;
        let moment = &recording.moments()[place];
        if !filter.wants(moment) || needle.as_ref().is_some_and(|n| !mentions(&event, n)) {
            continue;
        }
        if let Some(speed) = pace {
            output.finish()?;
            let us = moment.at_us.saturating_sub(before).max(0);
            #[expect(clippy::cast_precision_loss, reason = "microseconds of a run are exact")]
            let wait = Duration::try_from_secs_f64(us as f64 / 1e6 / speed);
            std::thread::sleep(wait.unwrap_or_default());
            before = moment.at_us;
        }
        write_event(output.writer(), &event, moment, usize::MAX, paints)
            .map_err(CliError::stdout)?;
    }
    Ok(())
}

fn write_export(
    export: Export,
    args: &Replay,
    recording: &Recording,
    filter: &Filter,
    from: usize,
    output: &mut Output,
) -> Result<(), CliError> {
    let whole = args.only.is_empty() && args.from.is_none();
    if args.search.is_some() || (export == Export::Chrome && !whole) {
        return Err(CliError::usage("this export is of all events of the run").hint(
            "leave out --search, and with --export chrome --only and --from too; what opens it can search",
        ));
    }
    let write = |out: &mut dyn Write| match export {
        Export::Chrome => write_chrome(recording, out),
        Export::Markdown => write_markdown(recording, filter, from, out),
        Export::Asciicast => {
            let cast = Cast { speed: args.speed.unwrap_or(1.0), filter: filter.clone(), from };
            write_asciicast(recording, &cast, out)
        }
    };
    match args.output.as_deref().filter(|path| *path != Path::new("-")) {
        None => write(output.writer())?.map_err(CliError::stdout),
        Some(path) => {
            let file = OutputFile::begin(path, args.force)?;
            let mut bytes = Vec::new();
            write(&mut bytes)?.map_err(|e| CliError::io("write", path, e))?;
            file.publish(&bytes)?;
            let events = recording.moments().len();
            output.note(format_args!("wrote {events} events: {}", path.display()));
            Ok(())
        }
    }
}
