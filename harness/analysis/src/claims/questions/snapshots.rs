//! What happens during training: gaps that grow, errors that fall or stay, and what follows them.
//!
//! Change of a metric: last minus first snapshot. Relative drop of an error: `ln first - ln last`, so that 0.69 is half.
//! "Stays flat" is an equivalence test. Correlation of two metrics: Spearman's over the snapshots of a run, per seed.

use std::collections::BTreeSet;

use super::OTHER_KIND;
use super::difference::log_ratio;
use super::settings::{Place, Scope, short, sign};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::file::{Labels, Test};
use crate::claims::table::{Column, Snapshot, mean};

/// The snapshots of a metric, ascending, or why there are too few.
fn snapshots(
    scope: &Scope<'_>,
    benchmark: &str,
    pipeline: &str,
    metric: &str,
    least: usize,
) -> Result<Vec<i64>, String> {
    let rows = scope.evidence.rows(benchmark, pipeline, metric);
    let updates: BTreeSet<i64> = rows.iter().map(|row| row.update).collect();
    if updates.is_empty() {
        return Err(format!(
            "`{metric}` of {pipeline} was not measured on {benchmark}"
        ));
    }
    if updates.len() < least {
        return Err(format!(
            "`{metric}` of {pipeline} has {} snapshots on {benchmark}, at least {least} are needed",
            updates.len()
        ));
    }
    Ok(updates.into_iter().collect())
}

/// A column at the smallest level of `axes`.
fn smallest<'a>(
    scope: &Scope<'_>,
    place: &Place<'a>,
    pipeline: &'a str,
    metric: &'a str,
    axes: &[String],
) -> Column<'a> {
    let mut column = Column::last(place.benchmark, pipeline, metric);
    for axis in axes {
        if let Some(level) = scope
            .evidence
            .levels(place.benchmark, pipeline, metric, axis)
            .into_iter()
            .next()
        {
            column = column.fixed(axis, level);
        }
    }
    column
}

/// `gap-growth`
pub(crate) fn gap_growth(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::GapGrowth {
        train,
        validation,
        better,
        score,
        first,
        second,
        axes,
        margin,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let good = sign(*better);
    let names = (short(first), short(second));
    // Columns: training and validation metric of a method, first and last snapshot of each.
    let four = |place: &Place<'_>,
                own: &Labels,
                build: &dyn Fn(&[Column<'_>]) -> Result<Setting, String>| {
        let pipeline = scope.pipeline(place, own)?;
        snapshots(scope, place.benchmark, pipeline, validation, 2)?;
        let mut columns = Vec::new();
        for metric in [train, validation] {
            let column = smallest(scope, place, pipeline, metric, axes);
            columns.extend([column.clone().at(Snapshot::First), column]);
        }
        build(&columns)
    };
    // Gain in the good direction of the metric whose first snapshot is column i.
    let gain =
        move |columns: &[Vec<f64>], i: usize| good * (mean(&columns[i + 1]) - mean(&columns[i]));
    let single = |place: &Place<'_>, name: &str, of: &dyn Fn(&[Vec<f64>]) -> f64| {
        four(place, first, &|columns| {
            let table = scope.table(columns)?;
            let contrast = Contrast {
                name: name.to_owned(),
                sample: table.sample(place.benchmark, |c| Some(of(c))),
                bound: Bound::Above(0.0),
            };
            place.setting(table, vec![contrast], Needs::All)
        })
    };
    let gains = scope.settings(|p| single(p, "gain in training", &|c| gain(c, 0)))?;
    let losses = scope.settings(|p| single(p, "loss in validation", &|c| -gain(c, 2)))?;
    let gaps = scope.settings(|place| {
        four(place, first, &|own| {
            four(place, second, &|other| {
                let columns: Vec<Column<'_>> = own.iter().chain(other).cloned().collect();
                let table = scope.table(&columns)?;
                let growth = |c: &[Vec<f64>], i: usize| gain(c, i) - gain(c, i + 2);
                let contrast = Contrast {
                    name: format!("growth of the gap, {} - {}", names.0, names.1),
                    sample: table.sample(place.benchmark, |c| Some(growth(c, 0) - growth(c, 4))),
                    bound: Bound::Above(*margin),
                };
                place.setting(table, vec![contrast], Needs::All)
            })
        })
    })?;
    let scores = scope.settings(|place| {
        let pipelines = [
            scope.pipeline(place, first)?,
            scope.pipeline(place, second)?,
        ];
        let columns = pipelines.map(|p| smallest(scope, place, p, score, axes));
        let table = scope.table(&columns)?;
        let contrast = Contrast {
            name: format!("{score}: {} - {}", names.1, names.0),
            sample: table.sample(place.benchmark, |c| Some(mean(&c[1]) - mean(&c[0]))),
            bound: Bound::Above(0.0),
        };
        place.setting(table, vec![contrast], Needs::All)
    })?;
    let question = |name: String, unit: &str, settings| Question {
        name,
        unit: unit.to_owned(),
        rule: Rule::Together,
        settings,
    };
    Ok(vec![
        question(
            format!("{} improves on training states", names.0),
            train,
            gains,
        ),
        question(
            format!("{} gets worse on validation states", names.0),
            validation,
            losses,
        ),
        question(
            format!("its gap grows beyond that of {}", names.1),
            train,
            gaps,
        ),
        question(format!("{} scores higher", names.1), score, scores),
    ])
}

/// `relative-drops`
pub(crate) fn relative_drops(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::RelativeDrops {
        pipeline,
        falls,
        flat,
        follows,
        better,
        excess,
        flat_margin,
        correlation,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let drops = |place: &Place<'_>,
                 of: &dyn Fn(&str, &[Vec<f64>], usize) -> Option<f64>,
                 name: &dyn Fn(&str) -> String,
                 bound| {
        let pipeline = scope.pipeline(place, pipeline)?;
        snapshots(scope, place.benchmark, pipeline, falls, 2)?;
        let mut columns = Vec::new();
        for metric in std::iter::once(falls).chain(flat) {
            let column = Column::last(place.benchmark, pipeline, metric);
            columns.extend([column.clone().at(Snapshot::First), column]);
        }
        let table = scope.table(&columns)?;
        let contrast = |(k, metric): (usize, &String)| Contrast {
            name: name(metric),
            sample: table.sample(place.benchmark, |c| of(metric, c, 2 * (k + 1))),
            bound,
        };
        let contrasts = flat.iter().enumerate().map(contrast).collect();
        place.setting(table, contrasts, Needs::All)
    };
    let excesses = scope.settings(|place| {
        let of =
            |_: &str, c: &[Vec<f64>], i: usize| Some(log_ratio(c, 0, 1)? - log_ratio(c, i, i + 1)?);
        drops(
            place,
            &of,
            &|metric| format!("drop of ln {falls} - drop of ln {metric}"),
            Bound::Above(*excess),
        )
    })?;
    let flats = scope.settings(|place| {
        let of = |_: &str, c: &[Vec<f64>], i: usize| log_ratio(c, i, i + 1);
        drops(
            place,
            &of,
            &|metric| format!("drop of ln {metric}"),
            Bound::Within(*flat_margin),
        )
    })?;
    let followed = scope.settings(|place| {
        let pipeline = scope.pipeline(place, pipeline)?;
        let updates = snapshots(scope, place.benchmark, pipeline, falls, 4)?;
        let column = |metric, update| {
            Column::last(place.benchmark, pipeline, metric).at(Snapshot::At(update))
        };
        let columns: Vec<Column<'_>> = updates
            .iter()
            .flat_map(|&u| [column(falls, u), column(follows, u)])
            .collect();
        let table = scope.table(&columns)?;
        let good = sign(*better);
        let of = |c: &[Vec<f64>]| {
            let series = |start: usize, sign: f64| -> Vec<f64> {
                c.iter()
                    .skip(start)
                    .step_by(2)
                    .map(|v| sign * mean(v))
                    .collect()
            };
            spearman(&series(0, -1.0), &series(1, good))
        };
        let contrast = Contrast {
            name: format!("rank correlation of {follows} with falling {falls}"),
            sample: table.sample(place.benchmark, of),
            bound: Bound::Above(*correlation),
        };
        place.setting(table, vec![contrast], Needs::All)
    })?;
    let question = |name: String, unit: &str, settings| Question {
        name,
        unit: unit.to_owned(),
        rule: Rule::Together,
        settings,
    };
    Ok(vec![
        question(
            format!("{falls} falls more than the others"),
            "natural logarithm",
            excesses,
        ),
        question("the others stay flat".into(), "natural logarithm", flats),
        question(
            format!("{follows} follows {falls}"),
            "rank correlation",
            followed,
        ),
    ])
}

/// Spearman's correlation with mean ranks for ties; none where one side is constant.
pub(crate) fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let ranks = |x: &[f64]| -> Vec<f64> {
        let rank = |&y: &f64| {
            let below = x.iter().filter(|&&z| z < y).count() as f64;
            let equal = x.iter().filter(|&&z| z == y).count() as f64;
            below + (equal + 1.0) / 2.0
        };
        x.iter().map(rank).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let (ma, mb) = (mean(&a), mean(&b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        ab += (a - ma) * (b - mb);
        aa += (a - ma) * (a - ma);
        bb += (b - mb) * (b - mb);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spearman_with_ties_is_scipys() {
        // scipy.stats.spearmanr([1, 2, 2, 4, 5], [3, 1, 4, 5, 5]).statistic
        let r = spearman(&[1.0, 2.0, 2.0, 4.0, 5.0], &[3.0, 1.0, 4.0, 5.0, 5.0]).unwrap();
        assert!((r - 0.710_526_315_789_473_7).abs() < 1e-12, "{r}");
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    }
}
