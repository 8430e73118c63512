//! Which properties of the data go with one method being ahead of another.
//!
//! For benchmark b and seed u let `D_bu` be how far `first` is ahead of `second` (matrix means or their natural logarithms, good direction up) and
//! `x_bu` a property of that data, turned so that large values should favour `first`.
//!
//! * Rank correlation: Spearman's over benchmarks within a seed, then the mean over seeds. Noise makes it smaller, not larger.
//! * Seeds say how well the correlation over *these* benchmarks is known. That few benchmarks line up by chance does not go
//!   away with more seeds, so the p of a property is no lower than that of exchanging benchmarks: the share of permutations
//!   of x over benchmarks (the same in all seeds; all of them for up to 7 benchmarks, else 1,999 drawn ones) whose
//!   correlation is as large. Properties are settings: "at least one of P" is their partial conjunction, Holm's adjustment is
//!   over them.
//! * Prediction: a threshold on one property, chosen on all benchmarks but one of a seed (most right winners; then the
//!   widest gap; then the first in the file) names the winner on the one left out. Its share of right names minus the share
//!   of the seed's more frequent winner, a guess that has seen all benchmarks.

use std::collections::BTreeSet;

use manifest::random::Stream;

use super::OTHER_KIND;
use super::drops::standard_ranks;
use super::settings::{Place, Scope, short, sign};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule, Sides};
use crate::claims::file::{Favours, Labels, Property, Scale, Test};
use crate::claims::sample::Sample;
use crate::claims::table::{Column, Table, mean};
use crate::words::significant;

/// Permutations that are drawn where there are too many to try.
const DRAWN: usize = 1_999;
/// Benchmarks up to which all permutations are tried.
const ALL: usize = 7;

/// Everything of one seed: `difference[b]` and `properties[p][b]`, both turned so that large favours `first`.
struct Seed {
    difference: Vec<f64>,
    properties: Vec<Vec<f64>>,
}

/// `association`
pub(crate) fn association(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::Association {
        metric,
        better,
        scale,
        first,
        second,
        properties,
        correlation,
        some,
        accuracy,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let (places, mut table) = read(scope, metric, [first, second], properties)?;
    let (a, b) = (short(first), short(second));
    if *scale == Scale::Log && !all_positive(&table, 2 + properties.len()) {
        return Err(format!(
            "`{metric}` is not above zero everywhere, so that it has no logarithm"
        ));
    }
    let read_seed = |columns: &[Vec<f64>]| seed_of(columns, sign(*better), *scale, properties);
    table.notes.push(summary(&table, &places, &read_seed, &a));
    let setting = |label: String, name: String, of: &dyn Fn(&Seed) -> Option<f64>, bound: f64| {
        let contrast = Contrast {
            name,
            sample: table.sample("all benchmarks", |columns| of(&read_seed(columns))),
            bound: Bound::Above(bound),
        };
        if contrast.sample.units.is_empty() {
            return Err(format!("`{}` is undefined for every seed", contrast.name));
        }
        Ok(Setting {
            label,
            environment: "all benchmarks".into(),
            contrasts: vec![contrast],
            needs: Needs::All,
            floor: Sides::ZERO,
            seeds: table.seeds,
            runs: table.runs.clone(),
            notes: table.notes.clone(),
        })
    };
    let exchanges = exchanges(places.len());
    let mut correlations = Vec::new();
    for (p, property) in properties.iter().enumerate() {
        let name = format!("rank correlation of {} with {a} ahead", property.name);
        let of = |seed: &Seed| Some(product(&ranks(seed, p)?));
        let mut own = setting(property.name.clone(), name, &of, *correlation)?;
        let seeds = table.units.values().flatten();
        let pairs: Vec<Ranks> = seeds.filter_map(|c| ranks(&read_seed(c), p)).collect();
        own.floor = exchanged(&pairs, &exchanges);
        own.notes.push(format!(
            "{}: p of exchanging benchmarks {} for, {} against",
            property.name,
            significant(own.floor.supported, 2),
            significant(own.floor.contradicted, 2)
        ));
        correlations.push(own);
    }
    let name = format!("right winners beyond always naming the more frequent of {a} and {b}");
    let beyond = |seed: &Seed| Some(right(seed) - frequent(seed));
    let predicted = setting("winner".into(), name, &beyond, *accuracy)?;
    Ok(vec![
        Question {
            name: format!("a property goes with {a} ahead of {b}"),
            unit: "rank correlation".into(),
            rule: Rule::Count(*some),
            settings: correlations,
        },
        Question {
            name: "a threshold on one property names the winner on other benchmarks".into(),
            unit: "share of benchmarks".into(),
            rule: Rule::Together,
            settings: vec![predicted],
        },
    ])
}

/// The places that have everything, and their columns: both methods, then the properties, place by place.
fn read<'a>(
    scope: &Scope<'a>,
    metric: &str,
    methods: [&Labels; 2],
    properties: &[Property],
) -> Result<(Vec<Place<'a>>, Table), String> {
    let (mut places, mut columns, mut missing) = (Vec::new(), Vec::new(), BTreeSet::new());
    for place in scope.places() {
        let own = || -> Result<Vec<Column<'_>>, String> {
            let mut own = Vec::new();
            for labels in methods {
                let pipeline = scope.pipeline(&place, labels)?;
                own.push((pipeline, metric));
            }
            for property in properties {
                let pipeline = scope.pipeline(&place, &property.pipeline)?;
                own.push((pipeline, &property.metric));
            }
            let column = |(pipeline, metric)| Column::last(place.benchmark, pipeline, metric);
            Ok(own.into_iter().map(column).collect())
        };
        // A benchmark on which something was not measured at all is left out; one with lost seeds is not.
        match own().and_then(|own| scope.table(&own).map(|_| own)) {
            Ok(own) => {
                columns.extend(own);
                places.push(place);
            }
            Err(why) => {
                missing.insert(why);
            }
        }
    }
    let least = scope.claim.least.settings.max(3);
    if places.len() < least {
        let mut reason = format!(
            "{} benchmarks have all that is compared, the claim asks for at least {least}",
            places.len()
        );
        if let Some(why) = missing.first() {
            reason += &format!(" ({why})");
        }
        return Err(reason);
    }
    let mut table = scope.table(&columns)?;
    table
        .notes
        .extend(missing.into_iter().map(|why| format!("left out: {why}")));
    Ok((places, table))
}

/// Whether both methods have positive means on all benchmarks in all seeds.
fn all_positive(table: &Table, width: usize) -> bool {
    let seeds = table.units.values().flatten();
    let mut rows = seeds.flat_map(|columns| columns.chunks_exact(width));
    rows.all(|row| mean(&row[0]) > 0.0 && mean(&row[1]) > 0.0)
}

fn seed_of(columns: &[Vec<f64>], good: f64, scale: Scale, properties: &[Property]) -> Seed {
    let rows: Vec<&[Vec<f64>]> = columns.chunks_exact(2 + properties.len()).collect();
    let on_scale = |values: &[f64]| match scale {
        Scale::Linear => mean(values),
        Scale::Log => libm::log(mean(values)),
    };
    let turned = |(p, property): (usize, &Property)| {
        let sign = match property.favours {
            Favours::First => 1.0,
            Favours::Second => -1.0,
        };
        rows.iter().map(|row| sign * mean(&row[2 + p])).collect()
    };
    Seed {
        difference: rows
            .iter()
            .map(|row| good * (on_scale(&row[0]) - on_scale(&row[1])))
            .collect(),
        properties: properties.iter().enumerate().map(turned).collect(),
    }
}

/// Standard ranks over benchmarks of a property and of the difference.
type Ranks = (Vec<f64>, Vec<f64>);

fn ranks(seed: &Seed, p: usize) -> Option<Ranks> {
    Some((
        standard_ranks(&seed.properties[p])?,
        standard_ranks(&seed.difference)?,
    ))
}

fn product((x, d): &Ranks) -> f64 {
    x.iter().zip(d).map(|(x, d)| x * d).sum()
}

/// Shares of exchanges of benchmarks whose mean correlation is at least, and at most, that which was found.
fn exchanged(seeds: &[Ranks], exchanges: &[Vec<usize>]) -> Sides {
    let n = seeds.first().map_or(0, |(x, _)| x.len());
    // The mean correlation when benchmark j's property stands at benchmark i is a sum over i of `m[i][j]`.
    let entry = |i: usize, j: usize| {
        let own = seeds.iter().map(|(x, d)| d[i] * x[j]);
        own.sum::<f64>() / seeds.len() as f64
    };
    let m: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| entry(i, j)).collect())
        .collect();
    let of = |order: &[usize]| order.iter().enumerate().map(|(i, &j)| m[i][j]).sum::<f64>();
    let same: Vec<usize> = (0..n).collect();
    let found = of(&same);
    // What was found counts as one of the exchanges.
    let (mut above, mut below) = (1usize, 1usize);
    for order in exchanges {
        let value = of(order);
        above += usize::from(value >= found - 1e-12);
        below += usize::from(value <= found + 1e-12);
    }
    let tried = 1 + exchanges.len();
    Sides {
        supported: above as f64 / tried as f64,
        contradicted: below as f64 / tried as f64,
    }
}

/// Orders of `n` benchmarks: all but the present one, or as many as are drawn.
fn exchanges(n: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut all = Vec::new();
    if n <= ALL {
        while advance(&mut order) {
            all.push(order.clone());
        }
        return all;
    }
    let mut stream = Stream::new(0, &["claims", "exchanges of benchmarks"]);
    for _ in 0..DRAWN {
        for i in (1..n).rev() {
            order.swap(i, stream.below(i as u64 + 1) as usize);
        }
        all.push(order.clone());
    }
    all
}

/// The next permutation in lexicographic order; false after the last.
fn advance(order: &mut [usize]) -> bool {
    let Some(i) = (1..order.len()).rev().find(|&i| order[i - 1] < order[i]) else {
        return false;
    };
    let larger = (i..order.len()).rev().find(|&j| order[j] > order[i - 1]);
    if let Some(j) = larger {
        order.swap(i - 1, j);
    }
    order[i..].reverse();
    true
}

/// Share of benchmarks whose winner a threshold fitted to the others names.
fn right(seed: &Seed) -> f64 {
    let n = seed.difference.len();
    let named = |b: usize| {
        let others: Vec<usize> = (0..n).filter(|&i| i != b).collect();
        let (p, threshold) = fitted(seed, &others);
        (seed.properties[p][b] > threshold) == (seed.difference[b] > 0.0)
    };
    (0..n).filter(|&b| named(b)).count() as f64 / n as f64
}

/// The property and the threshold above which `first` is named: most right, then the widest gap, then the first.
fn fitted(seed: &Seed, rows: &[usize]) -> (usize, f64) {
    let mut best = (0, 0.0, (0, f64::NEG_INFINITY));
    for (p, values) in seed.properties.iter().enumerate() {
        let mut sorted: Vec<f64> = rows.iter().map(|&b| values[b]).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        // Gaps are in units of the property's range, so that properties compare; naming one always is the last resort.
        let range = sorted
            .last()
            .zip(sorted.first())
            .map_or(0.0, |(b, a)| b - a);
        let inner = sorted.windows(2);
        let between = inner.map(|w| (f64::midpoint(w[0], w[1]), (w[1] - w[0]) / range));
        let always = [(f64::NEG_INFINITY, 0.0), (f64::INFINITY, 0.0)];
        for (threshold, gap) in between.chain(always) {
            let hits = rows
                .iter()
                .filter(|&&b| (values[b] > threshold) == (seed.difference[b] > 0.0));
            let score = (hits.count(), gap);
            if score > best.2 {
                best = (p, threshold, score);
            }
        }
    }
    (best.0, best.1)
}

/// Share of the winner that is more frequent over the benchmarks of a seed.
fn frequent(seed: &Seed) -> f64 {
    let n = seed.difference.len() as f64;
    let first = seed.difference.iter().filter(|&&d| d > 0.0).count() as f64;
    first.max(n - first) / n
}

/// What the numbers were over: benchmarks, who won where, shares of right names.
fn summary(
    table: &Table,
    places: &[Place<'_>],
    read_seed: &dyn Fn(&[Vec<f64>]) -> Seed,
    first: &str,
) -> String {
    let over = |of: &dyn Fn(&Seed) -> f64| -> f64 {
        let sample: Sample = table.sample("", |columns| Some(of(&read_seed(columns))));
        sample.mean()
    };
    let wins = |b: usize| over(&|seed: &Seed| f64::from(u8::from(seed.difference[b] > 0.0)));
    let ahead: Vec<&str> = places
        .iter()
        .enumerate()
        .filter(|(b, _)| wins(*b) > 0.5)
        .map(|(_, place)| place.label.as_str())
        .collect();
    format!(
        "{} benchmarks, {first} ahead in most seeds on {}: {}; winners named rightly {}, the more frequent winner {}",
        places.len(),
        ahead.len(),
        ahead.join(", "),
        significant(over(&right), 2),
        significant(over(&frequent), 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(property: &[f64], difference: &[f64]) -> Seed {
        Seed {
            difference: difference.to_vec(),
            properties: vec![property.to_vec()],
        }
    }

    #[test]
    fn exchanges_of_four_benchmarks_by_hand() {
        // Of the 24 orders only the found one has correlation 1; 23 are below, and none is as low as -1 but the reverse.
        let x = [1.0, 2.0, 3.0, 4.0];
        let up = exchanged(
            &[ranks(&seed(&x, &[1.0, 5.0, 6.0, 9.0]), 0).unwrap()],
            &exchanges(4),
        );
        assert!((up.supported - 1.0 / 24.0).abs() < 1e-12 && up.contradicted >= 1.0);
        let down = exchanged(
            &[ranks(&seed(&x, &[9.0, 6.0, 5.0, 1.0]), 0).unwrap()],
            &exchanges(4),
        );
        assert!((down.contradicted - 1.0 / 24.0).abs() < 1e-12 && down.supported >= 1.0);
    }

    #[test]
    fn drawn_exchanges_agree_with_all_of_them() {
        let x: Vec<f64> = (0..9).map(f64::from).collect();
        let d = [2.0, 0.0, 3.0, 1.0, 8.0, 4.0, 7.0, 5.0, 6.0];
        let pair = ranks(&seed(&x, &d), 0).unwrap();
        let mut order: Vec<usize> = (0..9).collect();
        let of = |order: &[usize]| {
            order
                .iter()
                .enumerate()
                .map(|(i, &j)| pair.1[i] * pair.0[j])
                .sum::<f64>()
        };
        let (found, mut tried, mut above) = (of(&order), 1, 1);
        while advance(&mut order) {
            tried += 1;
            above += usize::from(of(&order) >= found - 1e-12);
        }
        assert_eq!(tried, 362_880);
        let exact = f64::from(above as u32) / f64::from(tried);
        let drawn = exchanged(&[pair], &exchanges(9)).supported;
        // Five standard errors of 1,999 draws.
        assert!(
            (drawn - exact).abs() < 5.0 * (exact / 1_999.0).sqrt(),
            "{drawn} {exact}"
        );
    }

    #[test]
    fn a_threshold_is_fitted_without_the_benchmark_that_it_is_asked_about() {
        let clear = seed(
            &[0.0, 1.0, 2.0, 10.0, 11.0, 12.0],
            &[-1.0, -2.0, -1.0, 3.0, 1.0, 2.0],
        );
        assert!((right(&clear) - 1.0).abs() < 1e-12 && (frequent(&clear) - 0.5).abs() < 1e-12);
        // The one exception of its kind is never foreseen.
        let odd = seed(&[0.0, 1.0, 2.0, 3.0], &[1.0, 1.0, 1.0, -1.0]);
        assert!(right(&odd) < 1.0 && (frequent(&odd) - 0.75).abs() < 1e-12);
        // A property that says nothing leaves the more frequent of the others.
        let flat = seed(&[1.0; 5], &[1.0, 1.0, 1.0, 1.0, -1.0]);
        assert!((right(&flat) - 0.8).abs() < 1e-12);
    }
}
