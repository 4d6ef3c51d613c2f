//! Resampled intervals against `scipy.stats.bootstrap` and resamples drawn in Python.

use proptest::prelude::*;

use super::bca::Shortfall;
use super::bootstrap::{
    Bootstrap, BootstrapError, BootstrapMethod, BootstrapPlan, ResamplingUnit, bootstrap,
    cluster_bootstrap, hierarchical_bootstrap,
};
use super::interval::Level;
use super::sample::{Sample, real};

const VALUES: [f64; 12] = [1.2, 3.4, 0.7, 8.9, 2.2, 5.1, 0.3, 13.4, 1.9, 4.4, 2.7, 6.3];

fn plan(method: BootstrapMethod, resamples: u32) -> BootstrapPlan {
    BootstrapPlan { method, level: Level::P95, resamples, seed: 20_260_522 }
}

fn mean(rows: &[f64]) -> Option<f64> {
    Sample::new(rows).ok()?.mean()
}

fn sd(rows: &[f64]) -> Option<f64> {
    Sample::new(rows).ok()?.sd()
}

fn clusters() -> Vec<Vec<f64>> {
    let rows: [&[f64]; 7] = [
        &[1.0, 1.0, 0.0],
        &[0.0, 0.0],
        &[1.0, 1.0, 1.0, 1.0],
        &[0.0],
        &[1.0, 0.0, 1.0],
        &[0.0, 0.0, 0.0, 1.0],
        &[1.0, 1.0],
    ];
    rows.iter().map(|rows| rows.to_vec()).collect()
}

fn assert_limits(got: &Bootstrap, low: f64, high: f64, off: (f64, f64)) {
    let limits = got.interval.unwrap();
    let close = (limits.low - low).abs() <= off.0 && (limits.high - high).abs() <= off.1;
    assert!(close, "{limits:?} is not {low}, {high}");
}

/// Oracle: `ChaCha8` and these draws written out in Python 3.11, the formulas with `numpy.percentile` 2.4.6 and
/// `scipy.stats.norm` 1.17.1.
#[test]
fn limits_from_the_same_draws_are_the_same() {
    let percentile = bootstrap(&VALUES, mean, &plan(BootstrapMethod::Percentile, 200));
    let off = (1e-9, 1e-9);
    assert_limits(&percentile.unwrap().unwrap(), 2.681_25, 6.791_875, off);
    let bca = bootstrap(&VALUES, mean, &plan(BootstrapMethod::Bca, 200)).unwrap().unwrap();
    assert_limits(&bca, 2.943_493_009_210, 7.337_254_913_146, off);
    assert_eq!((bca.method, bca.shortfall), (BootstrapMethod::Bca, None));

    let plan = plan(BootstrapMethod::Percentile, 200);
    let cluster = cluster_bootstrap(&clusters(), mean, &plan).unwrap().unwrap();
    assert_limits(&cluster, 0.293_709_150_327, 0.842_105_263_158, off);
    let families = [
        vec![vec![1.0, 0.0, 1.0], vec![0.0, 0.0]],
        vec![vec![1.0, 1.0], vec![1.0, 0.0, 0.0, 1.0], vec![0.0]],
        vec![vec![0.0, 1.0]],
        vec![vec![1.0]],
    ];
    let levels = hierarchical_bootstrap(&families, mean, &plan).unwrap().unwrap();
    assert_limits(&levels, 0.221_666_666_667, 0.833_928_571_429, off);
}

/// Oracle: `scipy.stats.bootstrap` of `SciPy` 1.17.1, 9,999 resamples, mean of 60 seeds; tolerance 4 standard
/// deviations between its seeds. Clusters were given to it as their indices.
#[test]
fn limits_match_scipy_within_monte_carlo_error() {
    let run = |method: BootstrapMethod, statistic: fn(&[f64]) -> Option<f64>| {
        bootstrap(&VALUES, statistic, &plan(method, 9999)).unwrap().unwrap()
    };
    assert_limits(&run(BootstrapMethod::Percentile, mean), 2.3423, 6.4469, (0.080, 0.130));
    assert_limits(&run(BootstrapMethod::Bca, mean), 2.5930, 6.9616, (0.094, 0.216));
    assert_limits(&run(BootstrapMethod::Bca, sd), 2.2565, 5.8977, (0.097, 0.226));
    let passes = [vec![1.0; 3], vec![0.0; 12]].concat();
    let share = bootstrap(&passes, mean, &plan(BootstrapMethod::Bca, 9999)).unwrap().unwrap();
    assert_limits(&share, 1.0 / 15.0, 7.0 / 15.0, (1e-9, 1e-9));
    let cluster = |method: BootstrapMethod| {
        cluster_bootstrap(&clusters(), mean, &plan(method, 9999)).unwrap().unwrap()
    };
    assert_limits(&cluster(BootstrapMethod::Percentile), 0.2941, 0.8389, (0.022, 0.020));
    assert_limits(&cluster(BootstrapMethod::Bca), 0.3075, 0.8441, (0.020, 0.020));
    assert_eq!(cluster(BootstrapMethod::Bca).units, 7);
}

/// Oracle: all equally likely resamples, listed: families {0, 0} and {1}, so the mean is 0, 1/3 (twice of
/// four draws) or 1.
#[test]
fn a_hierarchy_is_drawn_level_by_level() {
    let families = [vec![vec![0.0], vec![0.0]], vec![vec![1.0]]];
    let thirds = |rows: &[f64]| mean(rows).filter(|m| *m > 0.1 && *m < 0.9);
    let plan = plan(BootstrapMethod::Bca, 4000);
    let got = hierarchical_bootstrap(&families, thirds, &plan).unwrap().unwrap();
    assert!((1850..2150).contains(&got.undefined), "{}", got.undefined);
    let got = hierarchical_bootstrap(&families, mean, &plan).unwrap().unwrap();
    assert_limits(&got, 0.0, 1.0, (1e-9, 1e-9));
    assert_eq!((got.units, got.unit), (2, ResamplingUnit::Hierarchy));
    assert_eq!((got.method, got.shortfall), (BootstrapMethod::Percentile, Some(Shortfall::Levels)));
}

/// Which of the 15 RAMP runs (arXiv 2605.27492) score 100 in each stage up to T3, by vendor of the model.
/// Oracle: the exact distribution, all 7^7 draws of vendors listed in Python 3.11, and the binomial for runs:
/// the upper limits are 4/9 and 5/15.
#[test]
fn vendors_tell_less_than_runs() {
    let vendors =
        [vec![1.0], vec![0.0; 4], vec![0.0; 3], vec![0.0; 2], vec![0.0], vec![1.0], vec![0.0; 3]];
    let plan = plan(BootstrapMethod::Percentile, 50_000);
    let cluster = cluster_bootstrap(&vendors, mean, &plan).unwrap().unwrap();
    assert_limits(&cluster, 0.0, 4.0 / 9.0, (1e-9, 1e-9));
    let rows = bootstrap(&vendors.concat(), mean, &plan).unwrap().unwrap();
    assert_limits(&rows, 0.0, 1.0 / 3.0, (1e-9, 1e-9));
    assert_eq!((cluster.units, rows.units), (7, 15));
}

#[test]
fn threads_do_not_matter() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bootstrap(&VALUES, sd, &plan(BootstrapMethod::Bca, 500)).unwrap().unwrap())
    };
    let bits = |b: Bootstrap| b.interval.map(|i| (i.low.to_bits(), i.high.to_bits()));
    let one = run(1);
    assert_eq!(bits(one), bits(run(2)));
    assert_eq!(bits(one), bits(run(7)));
    let other = BootstrapPlan { seed: 1, ..plan(BootstrapMethod::Bca, 500) };
    assert_ne!(bits(one), bits(bootstrap(&VALUES, sd, &other).unwrap().unwrap()));
}

#[test]
fn bca_says_why_it_fell_back() {
    let bca = plan(BootstrapMethod::Bca, 300);
    let run = |rows: &[f64], statistic: fn(&[f64]) -> Option<f64>| {
        let got = bootstrap(rows, statistic, &bca).unwrap().unwrap();
        assert_eq!(got.method, BootstrapMethod::Percentile);
        (got.shortfall, got.interval.is_some())
    };
    let median = |rows: &[f64]| super::quantile::median(&Sample::new(rows).ok()?);
    let ten = [0.1; 10];
    assert_eq!(run(&VALUES[..4], mean), (Some(Shortfall::TooFewUnits { units: 4 }), true));
    assert_eq!(run(&ten, mean), (Some(Shortfall::AllEqual), true));
    assert_eq!(run(&VALUES[..1], mean), (Some(Shortfall::OneUnit), false));
    let beyond = |rows: &[f64]| Some(if rows == VALUES { 99.0 } else { mean(rows)? });
    assert_eq!(run(&VALUES, beyond), (Some(Shortfall::OneSided), true));
    let flat = [1.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0];
    assert_eq!(run(&flat, median), (Some(Shortfall::NoAcceleration), true));
    let whole = |rows: &[f64]| (rows == VALUES).then_some(1.0);
    assert_eq!(run(&VALUES, whole), (Some(Shortfall::NothingDefined), false));
}

#[test]
fn resamples_without_a_value_are_counted() {
    let flags = [vec![1.0; 2], vec![0.0; 4]].concat();
    let odds = |rows: &[f64]| {
        let up = rows.iter().sum::<f64>();
        (up > 0.0).then(|| (real(rows.len()) - up) / up)
    };
    let plan = plan(BootstrapMethod::Percentile, 20_000);
    let got = bootstrap(&flags, odds, &plan).unwrap().unwrap();
    // Oracle: (2/3)^6 of 20,000 is 1755.8, with standard deviation 40.
    assert!((1596..1916).contains(&got.undefined), "{}", got.undefined);
    assert_eq!(got.resamples, 20_000);
    let infinite = |rows: &[f64]| Some(1.0 / rows.iter().sum::<f64>());
    let got = bootstrap(&flags, infinite, &plan).unwrap().unwrap();
    assert!(got.undefined > 0 && got.interval.unwrap().high.is_finite());
}

#[test]
fn nothing_to_draw_is_undefined_or_refused() {
    let bca = plan(BootstrapMethod::Bca, 100);
    assert_eq!(bootstrap(&[], mean, &bca), Ok(None));
    assert_eq!(cluster_bootstrap(&Vec::<Vec<f64>>::new(), mean, &bca), Ok(None));
    assert_eq!(bootstrap(&VALUES, |_: &[f64]| Some(f64::NAN), &bca), Ok(None));
    let none = BootstrapPlan { resamples: 0, ..bca };
    assert_eq!(bootstrap(&VALUES, mean, &none), Err(BootstrapError::NoResamples));
    let hole = Err(BootstrapError::EmptyCluster { cluster: 1 });
    assert_eq!(cluster_bootstrap(&[vec![1.0], vec![]], mean, &bca), hole);
    let families = [vec![vec![1.0]], vec![vec![2.0], vec![]]];
    assert_eq!(hierarchical_bootstrap(&families, mean, &bca), hole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn limits_of_a_mean_stay_among_the_values(rows in prop::collection::vec(-1e3_f64..1e3, 2..20), seed: u64) {
        let plan = BootstrapPlan { seed, ..plan(BootstrapMethod::Bca, 200) };
        let got = bootstrap(&rows, mean, &plan).unwrap().unwrap();
        let (limits, sample) = (got.interval.unwrap(), Sample::new(&rows).unwrap());
        prop_assert!(limits.low <= limits.high);
        prop_assert!(sample.min().unwrap() - 1e-9 <= limits.low && limits.high <= sample.max().unwrap() + 1e-9);
    }

    #[test]
    fn clusters_of_one_row_are_rows(rows in prop::collection::vec(-1e3_f64..1e3, 5..15), seed: u64) {
        let plan = BootstrapPlan { seed, ..plan(BootstrapMethod::Bca, 100) };
        let single: Vec<Vec<f64>> = rows.iter().map(|row| vec![*row]).collect();
        let (plain, cluster) = (bootstrap(&rows, mean, &plan).unwrap().unwrap(), cluster_bootstrap(&single, mean, &plan).unwrap().unwrap());
        prop_assert_eq!(plain.interval, cluster.interval);
    }
}
