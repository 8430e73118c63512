//! What a study looks like in which a claim is true, false, or exactly on its boundary, at the design that its `power`
//! declares: each contrast lies `effect` on one side of what its test asks for, and varies by `sd` between seeds.
//!
//! On the boundary, one thing is exactly there and everything else holds by `effect`, so that deciding for the claim is as
//! tempting as it can be.

use analysis::claims::{Claim, Evidence, Labels, Levels, Power, Scale, Test};
use analysis::study::Better;

use super::simulate::{Number, Study, with};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Boundary,
}

/// Benchmark and labels of a setting.
type Place = (String, Labels);

/// A study of `claim` in which `truth` holds; `draw` chooses its noise.
pub(crate) fn study(claim: &Claim, truth: Truth, draw: u64) -> Evidence {
    let mut study = Study::new(draw, &format!("{} {truth:?}", claim.id));
    match &claim.test {
        Test::ShareNonInferior { .. }
        | Test::ShareWithinBest { .. }
        | Test::TestTime { .. }
        | Test::Difference { .. } => methods(&mut study, claim, truth, draw),
        Test::VarianceComponents { .. } => variance(&mut study, claim, truth),
        Test::Slopes { .. } => slopes(&mut study, claim, truth, draw),
        Test::GapGrowth { .. } => gap_growth(&mut study, claim, truth, draw),
        Test::RelativeDrops { .. } => relative_drops(&mut study, claim, truth, draw),
        Test::SweepShape { .. } => sweep(&mut study, claim, truth),
        Test::PairedBenchmarks { .. } => paired(&mut study, claim, truth, draw),
        Test::Association { .. } => super::association::world(&mut study, claim, truth),
    }
    study.evidence()
}

/// One method against others: in each setting `first` is ahead of each other by that other's bound and the setting's target.
fn methods(study: &mut Study, claim: &Claim, truth: Truth, draw: u64) {
    let power = claim.power;
    let n = power.settings as f64;
    let at_least = |share: f64| (share * n - 1e-9).ceil() as usize;
    let (metric, good, first, others, needed) = match &claim.test {
        Test::ShareNonInferior {
            metric,
            better,
            first,
            second,
            share,
            ..
        } => (metric, sign(*better), first, vec![second], at_least(*share)),
        Test::ShareWithinBest {
            metric,
            better,
            first,
            others,
            share,
            ..
        } => (
            metric,
            sign(*better),
            first,
            others.iter().collect(),
            at_least(*share),
        ),
        Test::TestTime {
            metric,
            better,
            base,
            methods,
            share,
            ..
        } => (
            metric,
            sign(*better),
            base,
            methods.iter().collect(),
            (share * n).floor() as usize + 1,
        ),
        Test::Difference {
            metric,
            first,
            second,
            ..
        } => (metric, 1.0, first, vec![second], 1),
        _ => unreachable!("compares no methods"),
    };
    study.log = matches!(
        &claim.test,
        Test::Difference {
            scale: Scale::Log,
            ..
        }
    );
    let places = places(study, claim, power.settings);
    let distances = match &claim.test {
        // Their mean decides, so that none may be short.
        Test::Difference { .. } => vec![one(truth, power.effect); places.len()],
        _ => targets(truth, places.len(), needed, power.effect, draw),
    };
    for (place, distance) in places.iter().zip(distances) {
        let ahead: Vec<f64> = match &claim.test {
            // Per cent are of another method at this level.
            Test::ShareNonInferior { margin, .. } => vec![distance - margin / 100.0 * level(power)],
            // One rival is at that distance, the rest are beaten.
            Test::ShareWithinBest { within, .. } => {
                let allowed = (1.0 - within) * level(power);
                let mut all = vec![power.effect - allowed; others.len()];
                all[0] = distance - allowed;
                all
            }
            // The base is behind each of its methods.
            Test::TestTime { margin, .. } => vec![-(margin + distance); others.len()],
            Test::Difference { margin, .. } => vec![margin + distance],
            _ => unreachable!("compares no methods"),
        };
        compare(study, place, metric, good, first, &others, &ahead, power);
    }
}

/// Errors and sizes of actions are small numbers, scores large ones; only ratios to sd count.
fn level(power: Power) -> f64 {
    if power.sd > 1.0 { 60.0 } else { 1.0 }
}

fn sign(better: Better) -> f64 {
    if better == Better::Higher { 1.0 } else { -1.0 }
}

fn one(truth: Truth, effect: f64) -> f64 {
    match truth {
        Truth::True => effect,
        Truth::False => -effect,
        Truth::Boundary => 0.0,
    }
}

/// Distance from the bound of each setting: all beyond, all short, or one fewer than needed beyond and the rest on it. Draws
/// alternate between that and one fewer than needed *short*, from the other side.
fn targets(truth: Truth, n: usize, needed: usize, effect: f64, draw: u64) -> Vec<f64> {
    match truth {
        Truth::Boundary if draw.is_multiple_of(2) => (0..n)
            .map(|i| if i + 1 < needed { effect } else { 0.0 })
            .collect(),
        Truth::Boundary => (0..n)
            .map(|i| if i < n - needed { -effect } else { 0.0 })
            .collect(),
        _ => vec![one(truth, effect); n],
    }
}

/// As many settings as asked: one or two levels of the first setting label on each benchmark.
fn places(study: &mut Study, claim: &Claim, count: usize) -> Vec<Place> {
    let mut combinations = vec![claim.filter.clone()];
    for (label, levels) in &claim.settings {
        let used = if combinations.len() == 1 {
            levels.len().min(2)
        } else {
            1
        };
        combinations = combinations
            .iter()
            .flat_map(|c| {
                levels[..used]
                    .iter()
                    .map(|l| with(c, &[(label.clone(), l.clone())].into()))
            })
            .collect();
    }
    let per_benchmark = if count.is_multiple_of(combinations.len()) {
        combinations.len()
    } else {
        1
    };
    let mut all = Vec::new();
    for b in 0..count / per_benchmark {
        let name = format!("point-maze/simulated-{b}-v0");
        study.benchmark(&name);
        all.extend(
            combinations[..per_benchmark]
                .iter()
                .map(|c| (name.clone(), c.clone())),
        );
    }
    all
}

/// Seeds' scores of `first` and `others` on one setting: others at 60 plus what data and start states give every method,
/// `first` beyond each other by its target in the good direction.
#[expect(clippy::too_many_arguments, reason = "a design has this many parts")]
fn compare(
    study: &mut Study,
    (benchmark, labels): &Place,
    metric: &str,
    sign: f64,
    first: &Labels,
    others: &[&Labels],
    targets: &[f64],
    power: Power,
) {
    let first = study.pipeline(&with(labels, first));
    let others: Vec<String> = others
        .iter()
        .map(|o| study.pipeline(&with(labels, o)))
        .collect();
    // Cells share most of their noise, as they share stages; the rest is drawn per cell.
    let (of_seed, of_cell) = ((1.0f64 - 0.125).sqrt() * power.sd, 0.5 * power.sd);
    for seed in 0..power.seeds as i64 {
        let common = level(power) + 0.5 * power.sd * study.normal();
        study.matrix(benchmark, &first, metric, seed, common, of_cell);
        for (other, target) in others.iter().zip(targets) {
            let value = common - sign * (target + of_seed * study.normal());
            study.matrix(benchmark, other, metric, seed, value, of_cell);
        }
    }
}

fn variance(study: &mut Study, claim: &Claim, truth: Truth) {
    let Test::VarianceComponents {
        metric,
        larger,
        smaller,
        ..
    } = &claim.test
    else {
        unreachable!()
    };
    let power = claim.power;
    let s = power.effect.sqrt();
    let (over_larger, over_smaller) = match truth {
        Truth::True => (s, 0.0),
        Truth::False => (0.0, s),
        Truth::Boundary => (s, s),
    };
    let centred = |i: usize, n: usize| -> f64 {
        // Unit variance over n levels.
        let x = i as f64 - (n - 1) as f64 / 2.0;
        let var = (0..n)
            .map(|k| (k as f64 - (n - 1) as f64 / 2.0).powi(2))
            .sum::<f64>()
            / (n - 1) as f64;
        x / var.sqrt()
    };
    let columns = &smaller.levels[..2];
    for b in 0..power.settings {
        let benchmark = format!("point-maze/simulated-{b}-v0");
        study.benchmark(&benchmark);
        for seed in 0..power.seeds as i64 {
            let common = 50.0 + power.sd * study.normal();
            for (i, a) in larger.levels.iter().enumerate() {
                for (j, c) in columns.iter().enumerate() {
                    let own = [
                        (larger.label.clone(), a.clone()),
                        (smaller.label.clone(), c.clone()),
                    ]
                    .into();
                    let pipeline = study.pipeline(&with(&claim.filter, &own));
                    let value = common
                        + over_larger * centred(i, larger.levels.len())
                        + over_smaller * centred(j, columns.len())
                        + power.sd * study.normal();
                    study.matrix(&benchmark, &pipeline, metric, seed, value, 0.0);
                }
            }
        }
    }
}

fn slopes(study: &mut Study, claim: &Claim, truth: Truth, draw: u64) {
    let Test::Slopes {
        metric,
        policy_axis,
        value_axis,
        policy_bounded,
        value_bounded,
        margin,
        share,
        ..
    } = &claim.test
    else {
        unreachable!()
    };
    let power = claim.power;
    study.shape.axes = vec![policy_axis.clone(), value_axis.clone()];
    let places = places(study, claim, power.settings);
    let needed = (share * places.len() as f64).floor() as usize + 1;
    // On the boundary: the first question by turns, and else the second.
    let first_is_on_it = draw.is_multiple_of(2);
    let dominance = match truth {
        Truth::Boundary if !first_is_on_it => vec![power.effect; places.len()],
        _ => targets(truth, places.len(), needed, power.effect, draw / 2),
    };
    for (k, ((benchmark, labels), dominance)) in places.iter().zip(dominance).enumerate() {
        let clear = match truth {
            Truth::Boundary if !first_is_on_it => 0.0,
            Truth::False => -power.effect,
            // Some environments show it: half of them.
            _ if k % 2 == 0 => power.effect,
            _ => -power.effect,
        };
        let slopes = [
            (policy_bounded, 2.0, 2.0 + dominance),
            (value_bounded, margin + clear, 5.0),
        ];
        for (own, value, policy) in slopes {
            let pipeline = study.pipeline(&with(labels, own));
            for seed in 0..power.seeds as i64 {
                let noise = power.sd / 2.0f64.sqrt();
                let (value, policy) = (
                    value + noise * study.normal(),
                    policy + noise * study.normal(),
                );
                let common = 50.0 + power.sd * study.normal();
                for f in [0.1f64, 1.0] {
                    for g in [0.1f64, 1.0] {
                        let point = [(value_axis.as_str(), f), (policy_axis.as_str(), g)];
                        let value = common + value * f.log10() + policy * g.log10();
                        study.write(&Number {
                            benchmark,
                            pipeline: &pipeline,
                            metric,
                            seed,
                            point: &point,
                            update: 1000,
                            value,
                        });
                    }
                }
            }
        }
    }
}

fn gap_growth(study: &mut Study, claim: &Claim, truth: Truth, draw: u64) {
    let Test::GapGrowth {
        train,
        validation,
        better,
        score,
        first,
        second,
        axes,
        margin,
    } = &claim.test
    else {
        unreachable!()
    };
    let (power, good) = (claim.power, sign(*better));
    study.shape.axes.clone_from(axes);
    let question = |i: u64| match truth {
        Truth::Boundary if draw % 4 == i => 0.0,
        Truth::Boundary => power.effect,
        _ => one(truth, power.effect),
    };
    for (benchmark, labels) in places(study, claim, power.settings) {
        let methods = [
            study.pipeline(&with(&labels, first)),
            study.pipeline(&with(&labels, second)),
        ];
        for seed in 0..power.seeds as i64 {
            let mut around = |target: f64| target + power.sd * study.normal();
            let (gain, loss) = (around(question(0)), around(question(1)));
            let growth_of_second = gain + loss - around(margin + question(2));
            let ahead = around(question(3));
            let point: Vec<(&str, f64)> = axes.iter().map(|a| (a.as_str(), 0.1)).collect();
            let changes = [(gain, -loss, 0.0), (growth_of_second, 0.0, ahead)];
            for (pipeline, (t, v, s)) in methods.iter().zip(changes) {
                let level = study.normal();
                let series = [(train, 0.0, t), (validation, 0.0, v), (score, 0.0, s)];
                for (metric, before, after) in series {
                    let sign = if metric == score { 1.0 } else { good };
                    for (update, value) in [(500, before), (1000, after)] {
                        let value = level + sign * value;
                        let number = Number {
                            benchmark: &benchmark,
                            pipeline,
                            metric,
                            seed,
                            point: &point,
                            update,
                            value,
                        };
                        // The score's own level is the same for both methods of a seed.
                        let value = if metric == score {
                            number.value - level
                        } else {
                            number.value
                        };
                        study.write(&Number { value, ..number });
                    }
                }
            }
        }
    }
}

fn relative_drops(study: &mut Study, claim: &Claim, truth: Truth, draw: u64) {
    let Test::RelativeDrops {
        pipeline,
        falls,
        flat,
        follows,
        better,
        excess,
        flat_margin,
        ..
    } = &claim.test
    else {
        unreachable!()
    };
    let (power, good) = (claim.power, sign(*better));
    let (flat_drop, fall_drop) = match truth {
        Truth::True => (0.0, excess + power.effect),
        Truth::False => (flat_margin + power.effect, excess + flat_margin),
        Truth::Boundary if draw.is_multiple_of(2) => (0.0, *excess),
        Truth::Boundary => (*flat_margin, excess + flat_margin + power.effect),
    };
    for (benchmark, labels) in places(study, claim, power.settings) {
        let pipeline = study.pipeline(&with(&labels, pipeline));
        for seed in 0..power.seeds as i64 {
            let sd = power.sd / 2.0f64.sqrt();
            let drops: Vec<f64> = std::iter::once(fall_drop)
                .chain(flat.iter().map(|_| flat_drop))
                .map(|drop| drop + sd * study.normal())
                .collect();
            let level = study.normal();
            for k in 0..6i64 {
                let t = k as f64 / 5.0;
                let mut write = |metric: &str, value: f64| {
                    let update = 1000 * k;
                    study.write(&Number {
                        benchmark: &benchmark,
                        pipeline: &pipeline,
                        metric,
                        seed,
                        point: &[],
                        update,
                        value,
                    });
                };
                for (metric, drop) in std::iter::once(falls).chain(flat).zip(&drops) {
                    write(metric, (level - drop * t).exp());
                }
                // Follows the fall where the claim holds; turns away from it where it does not.
                let follow = if truth == Truth::False {
                    -drops[0] * t
                } else {
                    drops[0] * t
                };
                write(follows, good * (50.0 + 10.0 * follow));
            }
        }
    }
}

fn sweep(study: &mut Study, claim: &Claim, truth: Truth) {
    let Test::SweepShape {
        pipeline,
        metric,
        better,
        levels,
        margin,
        optimality,
    } = &claim.test
    else {
        unreachable!()
    };
    let (power, good) = (claim.power, sign(*better));
    let peak = match truth {
        Truth::True => margin + power.effect,
        Truth::False => margin - power.effect,
        Truth::Boundary => *margin,
    };
    let profile = [0.0, margin - power.effect, peak, margin - power.effect];
    for (place, labels) in places(study, claim, power.settings) {
        let pipeline = study.pipeline(&with(&labels, pipeline));
        let benchmarks: Vec<String> = match levels {
            Levels::Axis(axis) => {
                study.shape.axes = vec![axis.clone()];
                vec![place.clone(); profile.len()]
            }
            Levels::Benchmarks(lists) => lists[0].iter().take(profile.len()).cloned().collect(),
        };
        benchmarks.iter().for_each(|b| study.benchmark(b));
        for seed in 0..power.seeds as i64 {
            let common = 50.0 + power.sd * study.normal();
            for (k, benchmark) in benchmarks.iter().enumerate() {
                let axis = match levels {
                    Levels::Axis(axis) => vec![(axis.as_str(), 0.1 * k as f64)],
                    Levels::Benchmarks(_) => Vec::new(),
                };
                let noise = if k == 0 {
                    0.0
                } else {
                    power.sd * study.normal()
                };
                let mut write = |metric: &str, value: f64| {
                    study.write(&Number {
                        benchmark,
                        pipeline: &pipeline,
                        metric,
                        seed,
                        point: &axis,
                        update: 1000,
                        value,
                    });
                };
                write(metric, good * (common + profile[k] + noise));
                if let Some(metric) = optimality {
                    write(metric, 1.0 + k as f64 + 0.01 * common);
                }
            }
        }
        if matches!(levels, Levels::Benchmarks(_)) {
            break;
        }
    }
}

fn paired(study: &mut Study, claim: &Claim, truth: Truth, draw: u64) {
    let Test::PairedBenchmarks {
        pipeline,
        pairs,
        falls,
        excess,
        rises,
        equal,
        equal_margin,
    } = &claim.test
    else {
        unreachable!()
    };
    let power = claim.power;
    let question = |i: u64| match truth {
        Truth::Boundary if draw % 3 == i => 0.0,
        Truth::Boundary => power.effect,
        _ => one(truth, power.effect),
    };
    for [first, second] in pairs {
        study.benchmark(first);
        study.benchmark(second);
        let mut labels = claim.filter.clone();
        for (label, levels) in &claim.settings {
            labels.insert(label.clone(), levels[0].clone());
        }
        let pipeline = study.pipeline(&with(&labels, pipeline));
        for seed in 0..power.seeds as i64 {
            let mut around = |target: f64| target + power.sd * study.normal();
            let (fall, rise) = (around(excess + question(0)), around(question(1)));
            let same: Vec<f64> = equal
                .iter()
                .map(|_| around(equal_margin - question(2)))
                .collect();
            let level = study.normal();
            let mut write = |benchmark: &str, metric: &str, value: f64| {
                study.write(&Number {
                    benchmark,
                    pipeline: &pipeline,
                    metric,
                    seed,
                    point: &[],
                    update: 1000,
                    value,
                });
            };
            write(first, falls, level.exp());
            write(second, falls, (level - fall).exp());
            write(first, rises, level);
            write(second, rises, level + rise);
            for (metric, difference) in equal.iter().zip(&same) {
                write(first, metric, level.exp());
                write(second, metric, (level - difference).exp());
            }
        }
    }
}
