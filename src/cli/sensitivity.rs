//! `ramptrace score --sensitivity`: what a ranking depends on, as tables and figures.

use super::CliError;
use super::output::{Output, TableFormat};
use super::rank_tables as tables;
use super::replace::OutputFolder;
use super::score::Score;
use super::scoring::{Scored, Side, fail_on_problems, question, ranking};
use crate::analysis::{
    Basis, CohortPerturbation, GateSweep, RankAcceptability, SpecificationCurve, WeightScheme,
};
use crate::figures::{
    Svg, draw_acceptability, draw_gate_sweep, draw_perturbation, draw_specification,
};
use crate::metrics::{ParameterValue, Role, identities};
use crate::report::Table;

/// Thresholds of a gate sweep: every five points.
const SWEEP: std::ops::RangeInclusive<u32> = 0..=20;

pub(super) fn run(
    args: &Score,
    scored: &Scored,
    side: &Side,
    output: &mut Output,
) -> Result<(), CliError> {
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
    let all: Vec<Table> = if sweeps.is_empty() {
        shown
    } else {
        std::iter::once(tables::sweep_table(&sweeps)?).chain(shown).collect()
    };
    if let Some(out) = &args.sensitivity.output {
        let mut figures: Vec<(String, Svg)> = Vec::new();
        for s in &sweeps {
            figures.push((
                figure(&s.workload, &format!("gate_sweep_{}", s.parameter)),
                draw_gate_sweep(s)?,
            ));
        }
        for a in &acceptability {
            figures.push((figure(&a.workload, "rank_acceptability"), draw_acceptability(a)?));
        }
        for p in &perturbations {
            figures.push((figure(&p.workload, "leave_one_out"), draw_perturbation(p)?));
        }
        for s in &specifications {
            figures.push((figure(&s.workload, "specifications"), draw_specification(s)?));
        }
        let mut folder = OutputFolder::begin(out, args.sensitivity.force)?;
        for table in &all {
            super::analyze::write_table(&mut folder, table)?;
        }
        super::analyze::write_figures(&mut folder, &figures)?;
        let parameters = [
            ("pack".to_owned(), pack.name.clone()),
            ("metric".to_owned(), metric.clone()),
            ("cost_basis".to_owned(), side.basis.name().to_owned()),
            ("repeats".to_owned(), args.repeats.rule().name().to_owned()),
            ("draws".to_owned(), args.sensitivity.draws.to_string()),
            ("seed".to_owned(), args.sensitivity.seed.to_string()),
        ];
        folder.publish(super::analyze::manifest(&scored.store, parameters.into())?)?;
        output.note(format!(
            "wrote {} tables and {} figures to {}",
            all.len(),
            figures.len(),
            out.display()
        ));
    }
    // The sweep and the combinations are long: people get them as figures and files.
    let brief =
        |t: &&Table| matches!(t.name(), "leave_one_out" | "rank_acceptability" | "weight_schemes");
    let printed: Vec<Table> =
        if args.format == TableFormat::Text && args.sensitivity.output.is_some() {
            all.iter().filter(brief).cloned().collect()
        } else {
            all
        };
    output.tables(&printed, args.format, 2)?;
    fail_on_problems(&pack.problems, output)
}

fn figure(workload: &str, name: &str) -> String {
    super::analyze::figure_name(workload, name)
}
