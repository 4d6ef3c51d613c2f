//! `ramptrace figure`: one figure of a store, for a paper, a slide or a page.

use super::CliError;
use super::analyze::{PNG_SCALE, made_of, write_plates};
use super::catalogue;
use super::output::{Output, TableFormat};
use super::plates::Plates;
use super::replace::{OutputFile, OutputFolder};
use super::sheet::SheetArgs;
use super::workup::{Asked, Subject, Workup};
use crate::figures::Sheet;
use crate::report::{Plate, Plotted};
use clap::Args;
use std::path::{Path, PathBuf};

/// Draw one figure
#[derive(Debug, Args)]
#[command(
    after_help = "OUT is a file (.svg, .pdf or .png; .csv for the numbers, .md or .tex for the caption), `-` for SVG on stdout, or a\n\
    folder that gets all of them and receipts.\n\n\
    EXAMPLES:\n  \
    ramptrace figure --list\n  \
    ramptrace figure collapse store -o collapse.pdf\n  \
    ramptrace figure frontier store --cost neutral --width 183mm -o frontier.svg\n  \
    ramptrace figure trajectory store --baseline do-nothing --width slide --theme screen -o scores.png\n  \
    ramptrace figure context store --part kimi-k2.5 -o context.tex\n\n\
    schemas/display.schema.json describes the file of display names and colours."
)]
pub(super) struct Figure {
    /// Name of the figure
    #[arg(required = true)]
    name: Option<String>,
    /// Name the figures and say what each shows
    #[arg(long, exclusive = true)]
    list: bool,
    /// A trace, a folder of traces, or a glob
    #[arg(required = true)]
    store: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    sheet: SheetArgs,
    /// Only of this workload
    #[arg(long, value_name = "WORKLOAD")]
    workload: Option<String>,
    /// Only of this part: the run of a figure that shows one, the metric of a ranking
    #[arg(long, value_name = "PART")]
    part: Option<String>,
    /// A file, `-`, or a folder [default: <FIGURE>.svg]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Write over a file, or into a folder that holds other files
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Figure, output: &mut Output) -> Result<(), CliError> {
    let (Some(name), Some(store), false) = (&args.name, &args.store, args.list) else {
        if args.list {
            return output.table(&catalogue::table()?, TableFormat::Text, 1);
        }
        return Err(CliError::usage("a store is needed").hint("ramptrace figure NAME STORE"));
    };
    let target = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.svg")));
    let Some(form) = Form::of(&target) else {
        let figures = make(args, &target, args.force)?;
        let noun = if figures == 1 { "figure" } else { "figures" };
        output.note(format!("wrote {figures} {noun} to {}", target.display()));
        return Ok(());
    };
    // A path that cannot be written is said before anything is computed.
    let file =
        if form == Form::Stdout { None } else { Some(OutputFile::begin(&target, args.force)?) };
    let (_, plates) = plates(args, name, store)?;
    let [plate] = plates.as_slice() else { return Err(several(name, &plates)) };
    let bytes = form.bytes(plate.as_ref(), args.sheet.sheet(), &target)?;
    match file {
        Some(file) => file.publish(&bytes),
        None => output.data(String::from_utf8_lossy(&bytes)),
    }
}

/// Makes the folder that a command line asks for; the number of figures.
pub(super) fn make(args: &Figure, target: &Path, force: bool) -> Result<usize, CliError> {
    let (Some(name), Some(store)) = (&args.name, &args.store) else {
        return Err(CliError::usage("a figure and a store are needed"));
    };
    let mut folder = OutputFolder::begin(target, force)?;
    let (workup, plates) = plates(args, name, store)?;
    let figures = write_plates(&mut folder, &plates, args.sheet.sheet())?;
    folder.publish(workup.sources(&args.asked).receipts()?, made_of)?;
    Ok(figures)
}

/// The figures of a name that are asked for: at least one.
fn plates(args: &Figure, name: &str, store: &Path) -> Result<(Workup, Plates), CliError> {
    let entry = catalogue::find(name)?;
    let workup = Workup::of(Subject::open(store, &args.asked)?, &args.asked)?;
    let mut plates = workup.plates_of(entry.group)?;
    plates.retain(|plate| plate.figure() == entry.name);
    if plates.is_empty() {
        let problem = format!("{} has nothing that `{name}` could show", store.display());
        return Err(CliError::data(problem).hint(format!("it shows {}", entry.shows)));
    }
    let all = choices(&plates);
    let is_asked = |asked: &Option<String>, is: &str| {
        asked.as_ref().is_none_or(|asked| asked == is || is.contains(asked.as_str()))
    };
    plates.retain(|plate| {
        is_asked(&args.workload, plate.workload()) && is_asked(&args.part, &plate.part())
    });
    if plates.is_empty() {
        return Err(CliError::usage(format!("no `{name}` is of this workload and part"))
            .hint(format!("there are {all}")));
    }
    Ok((workup, plates))
}

fn several(name: &str, plates: &Plates) -> CliError {
    CliError::usage(format!("there are {} figures `{name}`", plates.len())).hint(format!(
        "choose one with --workload and --part, or give a folder: {}",
        choices(plates)
    ))
}

/// What tells figures apart, for people.
fn choices(plates: &Plates) -> String {
    const MOST: usize = 6;
    let mut named: Vec<String> = plates
        .iter()
        .take(MOST)
        .map(|plate| match plate.part() {
            part if part.is_empty() => format!("`{}`", plate.workload()),
            part => format!("`{part}` of `{}`", plate.workload()),
        })
        .collect();
    if plates.len() > MOST {
        named.push("...".to_owned());
    }
    named.join(", ")
}

/// What is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Svg,
    Pdf,
    Png,
    Csv,
    Markdown,
    Latex,
    /// SVG.
    Stdout,
}

impl Form {
    /// By the end of a file's name; `None` for a folder.
    pub(super) fn of(path: &Path) -> Option<Self> {
        if path.as_os_str() == "-" {
            return Some(Self::Stdout);
        }
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "svg" => Some(Self::Svg),
            "pdf" => Some(Self::Pdf),
            "png" => Some(Self::Png),
            "csv" => Some(Self::Csv),
            "md" => Some(Self::Markdown),
            "tex" => Some(Self::Latex),
            _ => None,
        }
    }

    pub(super) fn bytes(
        self,
        data: &dyn Plotted,
        sheet: Sheet,
        path: &Path,
    ) -> Result<Vec<u8>, CliError> {
        let plate = Plate::of(data, sheet)?;
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(match self {
            Self::Svg | Self::Stdout => plate.svg.as_str().as_bytes().to_vec(),
            Self::Pdf => plate.svg.to_pdf()?,
            Self::Png => plate.svg.to_png(PNG_SCALE)?,
            Self::Csv => plate.csv().into_bytes(),
            Self::Markdown => plate.markdown(&format!("{stem}.svg")).into_bytes(),
            Self::Latex => plate.latex(&format!("{stem}.pdf")).into_bytes(),
        })
    }
}
