//! Noise-corrected variance components: does the score vary more over one label than over another?
//!
//! The range of three noisy means exceeds that of two even where nothing differs (in 69 % of draws), so ranges and plain
//! variances cannot answer. Let `c_u` be a seed's scores over the levels of a factor, centred within the seed. With
//! different seeds `u != w`, `E[c_u . c_w] = |c|^2`, because independent noise has no product in expectation; so
//!
//! `V = sum over u != w of c_u . c_w / (n (n - 1) (L - 1))`
//!
//! estimates the variance over L levels without the share of noise, at any number of levels. It may come out negative where
//! there is none. The component of a factor is the mean of V over the levels of the other factor; the contrast is their
//! difference, per seed by its pseudo-value (the statistic is no mean over seeds). Needs three seeds for an interval.
//! Reference: the unbiased (U-statistic) form of the analysis of variance with seeds as blocks.

use std::collections::BTreeMap;

use super::OTHER_KIND;
use super::settings::{Scope, collect};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule, Sides};
use crate::claims::evidence::joined;
use crate::claims::file::{Factor, Labels, Test};
use crate::claims::sample::Sample;
use crate::claims::table::{Column, Table, mean};

/// Scores of one unit: `[larger][smaller]`.
type Grid = Vec<Vec<f64>>;

/// `variance-components`
pub(crate) fn components(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::VarianceComponents {
        metric,
        larger,
        smaller,
        share,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    if scope.benchmarks.is_empty() {
        return scope.settings(|_| Err(String::new())).map(|_| Vec::new());
    }
    let benchmarks = scope.benchmarks.iter();
    let settings =
        collect(benchmarks.map(|&(b, e)| setting(scope, b, e, metric, larger, smaller)))?;
    Ok(vec![Question {
        name: format!(
            "the score varies more over {} than over {}",
            larger.label, smaller.label
        ),
        unit: format!("{metric}^2"),
        rule: Rule::MoreThan(*share),
        settings,
    }])
}

/// The levels of `smaller` at which every level of `larger` was measured, with the pipelines.
fn grid<'a>(
    scope: &Scope<'a>,
    benchmark: &str,
    larger: &Factor,
    smaller: &Factor,
) -> Vec<(String, Vec<&'a str>)> {
    let pipelines = |level: &String| {
        let at = |other: &String| {
            let own = Labels::from([
                (larger.label.clone(), other.clone()),
                (smaller.label.clone(), level.clone()),
            ]);
            scope
                .evidence
                .pipeline(benchmark, &joined(&scope.claim.filter, &own))
                .ok()
        };
        let all: Option<Vec<&str>> = larger.levels.iter().map(at).collect();
        all.map(|all| (level.clone(), all))
    };
    smaller.levels.iter().filter_map(pipelines).collect()
}

fn setting(
    scope: &Scope<'_>,
    benchmark: &str,
    environment: &str,
    metric: &str,
    larger: &Factor,
    smaller: &Factor,
) -> Result<Setting, String> {
    let grid = grid(scope, benchmark, larger, smaller);
    if grid.len() < 2 || larger.levels.len() < 2 {
        return Err(format!(
            "{benchmark} has every level of {} at {} levels of {}, at least 2 are needed",
            larger.label,
            grid.len(),
            smaller.label
        ));
    }
    let columns: Vec<Column<'_>> = (0..larger.levels.len())
        .flat_map(|i| grid.iter().map(move |(_, pipelines)| pipelines[i]))
        .map(|pipeline| Column::last(benchmark, pipeline, metric))
        .collect();
    let mut table = scope.table(&columns)?;
    let width = grid.len();
    let grids = grids_of(&table, larger.levels.len(), width);
    let all: Vec<&Grid> = grids.values().collect();
    let (by_larger, by_smaller) = (component(&all, false), component(&all, true));
    let sd = |v: Option<f64>| {
        v.map_or_else(
            || "undefined".into(),
            |v| crate::words::significant(v.max(0.0).sqrt(), 2),
        )
    };
    table.notes.push(format!(
        "{benchmark}: standard deviation over {} {}, over {} {}, noise taken out",
        larger.label,
        sd(by_larger),
        smaller.label,
        sd(by_smaller)
    ));
    let contrast = Contrast {
        name: format!(
            "variance over {} - variance over {}",
            larger.label, smaller.label
        ),
        sample: pseudo_values(benchmark, &grids),
        bound: Bound::Above(0.0),
    };
    if contrast.sample.units.is_empty() {
        return Err(format!(
            "{benchmark}: one seed cannot tell variance from noise"
        ));
    }
    Ok(Setting {
        label: benchmark.to_owned(),
        environment: environment.to_owned(),
        contrasts: vec![contrast],
        needs: Needs::All,
        floor: Sides::ZERO,
        seeds: table.seeds,
        runs: table.runs,
        notes: table.notes,
    })
}

/// Scores of each unit, columns of the table in the order `[larger][smaller]`.
fn grids_of(table: &Table, height: usize, width: usize) -> BTreeMap<i64, Grid> {
    let unit = |seeds: &Vec<Vec<Vec<f64>>>| -> Grid {
        let score = |column: usize| {
            let over_seeds: Vec<f64> = seeds.iter().map(|columns| mean(&columns[column])).collect();
            mean(&over_seeds)
        };
        (0..height)
            .map(|i| (0..width).map(|j| score(i * width + j)).collect())
            .collect()
    };
    table
        .units
        .iter()
        .map(|(&u, seeds)| (u, unit(seeds)))
        .collect()
}

/// Variance over rows (or columns) of the grids, noise taken out; none for fewer than two units.
fn component(grids: &[&Grid], over_columns: bool) -> Option<f64> {
    let n = grids.len();
    let first = grids.first()?;
    let (rows, columns) = (first.len(), first.first()?.len());
    let (levels, others) = if over_columns {
        (columns, rows)
    } else {
        (rows, columns)
    };
    if n < 2 || levels < 2 {
        return None;
    }
    let at = |grid: &Grid, level: usize, other: usize| {
        if over_columns {
            grid[other][level]
        } else {
            grid[level][other]
        }
    };
    let mut total = 0.0;
    for other in 0..others {
        let (mut sum, mut squares) = (vec![0.0; levels], 0.0);
        for grid in grids {
            let centre = (0..levels).map(|l| at(grid, l, other)).sum::<f64>() / levels as f64;
            for (level, sum) in sum.iter_mut().enumerate() {
                let c = at(grid, level, other) - centre;
                *sum += c;
                squares += c * c;
            }
        }
        total += sum.iter().map(|s| s * s).sum::<f64>() - squares;
    }
    Some(total / (n * (n - 1) * (levels - 1) * others) as f64)
}

fn contrast(grids: &[&Grid]) -> Option<f64> {
    Some(component(grids, false)? - component(grids, true)?)
}

/// `n theta - (n - 1) theta_without_u`; with two units the estimate alone.
fn pseudo_values(stratum: &str, grids: &BTreeMap<i64, Grid>) -> Sample {
    let all: Vec<&Grid> = grids.values().collect();
    let n = all.len() as f64;
    let mut sample = Sample {
        stratum: stratum.to_owned(),
        units: BTreeMap::new(),
    };
    let Some(theta) = contrast(&all) else {
        return sample;
    };
    for &unit in grids.keys() {
        let rest: Vec<&Grid> = grids
            .iter()
            .filter(|(u, _)| **u != unit)
            .map(|(_, g)| g)
            .collect();
        match contrast(&rest) {
            Some(without) => sample.units.insert(unit, n * theta - (n - 1.0) * without),
            None => {
                return Sample {
                    units: BTreeMap::from([(unit, theta)]),
                    ..sample
                };
            }
        };
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_taken_out() {
        // Two seeds, three rows, one true difference: y = row effect (0, 3, 6) with opposite noise of size 1.
        let one: Grid = vec![vec![1.0, 1.0], vec![2.0, 2.0], vec![6.0, 6.0]];
        let two: Grid = vec![vec![-1.0, -1.0], vec![4.0, 4.0], vec![6.0, 6.0]];
        // Centred: (-2, -1, 3) and (-4, 1, 3): product 8 - 1 + 9 = 16, over L - 1 = 2: 8.
        assert!((component(&[&one, &two], false).unwrap() - 8.0).abs() < 1e-12);
        assert!(component(&[&one, &two], true).unwrap().abs() < 1e-12);
        assert_eq!(component(&[&one], false), None);
    }

    #[test]
    fn pseudo_values_average_to_the_statistic() {
        let grid = |a: f64, b: f64| vec![vec![a, b], vec![b, 2.0 * a], vec![a * b, 1.0]];
        let grids: BTreeMap<i64, Grid> = [
            (0, grid(1.0, 2.0)),
            (1, grid(2.0, 0.5)),
            (2, grid(-1.0, 1.5)),
            (3, grid(0.3, 0.1)),
        ]
        .into();
        let all: Vec<&Grid> = grids.values().collect();
        let sample = pseudo_values("b", &grids);
        assert!((sample.mean() - contrast(&all).unwrap()).abs() < 1e-12);
    }
}
