//! `ramptrace score --sensitivity`: what a ranking depends on, as tables and figures.

use super::CliError;
use super::analyze::figure_name;
use super::output::{Output, TableFormat};
use super::rank_tables as tables;
use super::receipts::Sources;
use super::replace::OutputFolder;
use super::score::Score;
use super::scoring::{Scored, Side, fail_on_problems, question, ranking};
use crate::analysis::{
    Basis, CohortPerturbation, GateSweep, RankAcceptability, SpecificationCurve, WeightScheme,
};
use crate::figures::{
    Sheet, Svg, draw_acceptability, draw_gate_sweep, draw_perturbation, draw_specification,
};
use crate::metrics::{Pack, ParameterValue, Role, identities};
use crate::report::Table;
use std::path::Path;

/// Thresholds of a gate sweep: every five points.
const SWEEP: std::ops::RangeInclusive<u32> = 0..=20;

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
    sweeps: Vec<GateSweep>,
    acceptability: Vec<RankAcceptability>,
    perturbations: Vec<CohortPerturbation>,
    specifications: Vec<SpecificationCurve>,
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
        let known = identities(&pack);
        let reads = |name: &str| known.get(&metric).is_some_and(|m| m.parameters.contains(name));

        let thresholds: Vec<f64> = SWEEP.map(|step| 5.0 * f64::from(step)).collect();
        let mut sweeps = Vec::new();
        for (name, parameter) in &pack.parameters {
            let is_gate = parameter.role == Role::Gate && reads(name);
            if is_gate && matches!(parameter.value, ParameterValue::Scalar(_)) {
                sweeps.extend(GateSweep::of(&asked, name, &thresholds)?);
            }
        }
        let acceptability =
            RankAcceptability::of(&asked, args.sensitivity.draws, args.sensitivity.seed)?;
        let perturbations = CohortPerturbation::of(&asked)?;
        let mut bases = vec![(side.basis.name().to_owned(), rollup.clone())];
        for basis in [Basis::Reported, Basis::List, Basis::Neutral] {
            let reads_costs = known.get(&metric).is_some_and(|m| m.columns.contains("cost_usd"));
            if basis != side.basis && reads_costs {
                bases.push((basis.name().to_owned(), scored.rollup(basis)?));
            }
        }
        let specifications = SpecificationCurve::of(&asked, &bases)?;

        let mut shown = vec![
            tables::perturbation_table(&perturbations)?,
            tables::acceptability_table(&acceptability)?,
            tables::specification_table(&specifications)?,
        ];
        let schemes = WeightScheme::of(&asked)?;
        if !schemes.is_empty() {
            shown.insert(0, tables::scheme_table(&schemes)?);
        }
        let tables: Vec<Table> = if sweeps.is_empty() {
            shown
        } else {
            std::iter::once(tables::sweep_table(&sweeps)?).chain(shown).collect()
        };
        Ok(Self {
            metric,
            basis: side.basis,
            sweeps,
            acceptability,
            perturbations,
            specifications,
            tables,
            pack,
        })
    }

    /// Writes tables and figures to a folder; the number of figures.
    fn write(
        &self,
        args: &Score,
        scored: &Scored,
        target: &Path,
        force: bool,
    ) -> Result<usize, CliError> {
        let figures = self.figures()?;
        let mut folder = OutputFolder::begin(target, force)?;
        for table in &self.tables {
            super::analyze::write_table(&mut folder, table)?;
        }
        super::analyze::write_figures(&mut folder, &figures)?;
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
            parameters: parameters.into(),
        };
        folder.publish(sources.receipts()?, |_| vec!["metrics".to_owned()])?;
        Ok(figures.len())
    }

    fn figures(&self) -> Result<Vec<(String, Svg)>, CliError> {
        let mut figures = Vec::new();
        for s in &self.sweeps {
            let name = format!("gate_sweep_{}", s.parameter);
            figures.push((figure_name(&s.workload, &name), draw_gate_sweep(s, Sheet::default())?));
        }
        for a in &self.acceptability {
            figures.push((
                figure_name(&a.workload, "rank_acceptability"),
                draw_acceptability(a, Sheet::default())?,
            ));
        }
        for p in &self.perturbations {
            figures.push((
                figure_name(&p.workload, "leave_one_out"),
                draw_perturbation(p, Sheet::default())?,
            ));
        }
        for s in &self.specifications {
            figures.push((
                figure_name(&s.workload, "specifications"),
                draw_specification(s, Sheet::default())?,
            ));
        }
        Ok(figures)
    }
}
