//! `ramptrace score --sensitivity`: what a ranking depends on, as tables and figures.

use super::CliError;
use super::analyze::{write_plates, write_table};
use super::dependence::Dependence;
use super::output::{Output, TableFormat};
use super::plates::Plates;
use super::rank_tables as tables;
use super::receipts::Sources;
use super::replace::OutputFolder;
use super::score::Score;
use super::scoring::{Scored, Side, fail_on_problems, question, ranking};
use crate::analysis::display::DisplayList;
use crate::analysis::{Basis, Question, WeightScheme};
use crate::figures::Sheet;
use crate::metrics::Pack;
use crate::report::Table;
use crate::rollup::Rollup;
use std::path::Path;

pub(super) fn run(
    args: &Score,
    scored: &Scored,
    side: &Side,
    output: &mut Output,
) -> Result<(), CliError> {
    let study = Sensitivity::of(args, scored, side)?;
    if let Some(out) = &args.sensitivity.output {
        let figures = study.write(args, scored, out, args.sensitivity.force)?;
        output.note(format!(
            "wrote {} tables and {figures} figures to {}",
            study.tables.len(),
            out.display()
        ));
    }
    // The sweep and the combinations are long: people get them as figures and files.
    let brief =
        |t: &&Table| matches!(t.name(), "leave_one_out" | "rank_acceptability" | "weight_schemes");
    let printed: Vec<Table> =
        if args.format == TableFormat::Text && args.sensitivity.output.is_some() {
            study.tables.iter().filter(brief).cloned().collect()
        } else {
            study.tables.clone()
        };
    output.tables(&printed, args.format, 2)?;
    fail_on_problems(&study.pack.problems, output)
}

/// Writes the folder that a command line makes to another place.
pub(super) fn make(args: &Score, target: &Path) -> Result<(), CliError> {
    let Some(store) = &args.store else { return Err(CliError::usage("a store is needed")) };
    let scored = Scored::open(store, args)?;
    Sensitivity::of(args, &scored, &Side::new(args))?.write(args, &scored, target, true)?;
    Ok(())
}

/// What a ranking depends on.
struct Sensitivity {
    pack: Pack,
    metric: String,
    basis: Basis,
    tables: Vec<Table>,
}

impl Sensitivity {
    fn of(args: &Score, scored: &Scored, side: &Side) -> Result<Self, CliError> {
        if args.sensitivity.draws == 0 {
            return Err(CliError::usage("--draws is at least 1"));
        }
        let pack = scored.pack(side)?;
        let metric = ranking(&pack, args.rank.as_ref())?.name.clone();
        let rollup = scored.rollup(side.basis)?;
        let asked = question(args, &pack, &metric, &rollup);
        let found = dependence(args, &asked, side.basis, |basis| scored.rollup(basis))?;
        let mut shown = vec![
            tables::perturbation_table(&found.perturbations)?,
            tables::acceptability_table(&found.acceptability)?,
            tables::specification_table(&found.specifications)?,
        ];
        let schemes = WeightScheme::of(&asked)?;
        if !schemes.is_empty() {
            shown.insert(0, tables::scheme_table(&schemes)?);
        }
        if !found.sweeps.is_empty() {
            shown.insert(0, tables::sweep_table(&found.sweeps)?);
        }
        Ok(Self { metric, basis: side.basis, tables: shown, pack })
    }

    /// Writes tables and figures to a folder; the number of figures.
    fn write(
        &self,
        args: &Score,
        scored: &Scored,
        target: &Path,
        force: bool,
    ) -> Result<usize, CliError> {
        let plates = self.plates(args, scored)?;
        let mut folder = OutputFolder::begin(target, force)?;
        for table in &self.tables {
            write_table(&mut folder, table)?;
        }
        let figures = write_plates(&mut folder, &plates, Sheet::default())?;
        let parameters = [
            ("pack".to_owned(), self.pack.name.clone()),
            ("metric".to_owned(), self.metric.clone()),
            ("cost_basis".to_owned(), self.basis.name().to_owned()),
            ("repeats".to_owned(), args.repeats.rule().name().to_owned()),
            ("draws".to_owned(), args.sensitivity.draws.to_string()),
            ("seed".to_owned(), args.sensitivity.seed.to_string()),
        ];
        let sources = Sources {
            store: &scored.store,
            pack: &self.pack,
            selector: &args.pack,
            books: args.basis.books_given(),
            display: None,
            parameters: parameters.into(),
        };
        folder.publish(sources.receipts()?, |_| vec!["metrics".to_owned()])?;
        Ok(figures)
    }

    /// The figures, under display names.
    fn plates(&self, args: &Score, scored: &Scored) -> Result<Plates, CliError> {
        let display = DisplayList::built_in()?;
        let named = |basis: Basis| -> Result<_, CliError> {
            Ok(scored.rollup(basis)?.with_models(|id| display.model(id).name)?)
        };
        let rollup = named(self.basis)?;
        let asked = question(args, &self.pack, &self.metric, &rollup);
        Ok(dependence(args, &asked, self.basis, named)?.plates())
    }
}

fn dependence(
    args: &Score,
    asked: &Question,
    basis: Basis,
    rollup_on: impl Fn(Basis) -> Result<Rollup, CliError>,
) -> Result<Dependence, CliError> {
    Dependence::drawn(asked, basis, rollup_on, args.sensitivity.draws, args.sensitivity.seed)
}
