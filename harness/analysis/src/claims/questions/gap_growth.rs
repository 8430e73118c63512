//! Overfitting: a metric that improves on training states and gets worse on held-out ones.
//!
//! Gain of a metric: last minus first snapshot, in its good direction. Growth of the gap: gain in training minus gain in
//! validation. All at the smallest data.

use super::OTHER_KIND;
use super::settings::{Place, Scope, short, sign};
use super::snapshots::{first_and_last, single, snapshots, together};
use crate::claims::answer::{Question, Setting};
use crate::claims::decide::Bound;
use crate::claims::file::{Labels, Test};
use crate::claims::table::{Column, mean};

/// The metrics and axes of a claim.
struct Gap<'a> {
    scope: &'a Scope<'a>,
    train: &'a str,
    validation: &'a str,
    axes: &'a [String],
    /// 1 where a large metric is good, else -1.
    good: f64,
}

impl<'a> Gap<'a> {
    /// A column at the smallest level of the axes.
    fn smallest(&self, place: &Place<'a>, pipeline: &'a str, metric: &'a str) -> Column<'a> {
        let mut column = Column::last(place.benchmark, pipeline, metric);
        for axis in self.axes {
            let levels = self
                .scope
                .evidence
                .levels(place.benchmark, pipeline, metric, axis);
            if let Some(level) = levels.into_iter().next() {
                column = column.fixed(axis, level);
            }
        }
        column
    }

    /// Training and validation metric of a method, first and last snapshot of each.
    fn four(&self, place: &Place<'a>, own: &Labels) -> Result<Vec<Column<'a>>, String> {
        let pipeline = self.scope.pipeline(place, own)?;
        snapshots(self.scope, place.benchmark, pipeline, self.validation, 2)?;
        let columns = [self.train, self.validation].map(|m| self.smallest(place, pipeline, m));
        Ok(first_and_last(columns))
    }

    /// Gain of the metric whose first snapshot is column `i`.
    fn gain(&self, columns: &[Vec<f64>], i: usize) -> f64 {
        self.good * (mean(&columns[i + 1]) - mean(&columns[i]))
    }

    /// Growth of the gap of the method whose columns start at `i`.
    fn growth(&self, columns: &[Vec<f64>], i: usize) -> f64 {
        self.gain(columns, i) - self.gain(columns, i + 2)
    }
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
    let gap = Gap {
        scope,
        train,
        validation,
        axes,
        good,
    };
    let (a, b) = (short(first), short(second));
    let own = |place: &Place<'_>, name: &str, i: usize, sign: f64| -> Result<Setting, String> {
        let table = scope.table(&gap.four(place, first)?)?;
        single(place, table, name.to_owned(), Bound::Above(0.0), |c| {
            Some(sign * gap.gain(c, i))
        })
    };
    let gains = scope.settings(|place| own(place, "gain in training", 0, 1.0))?;
    let losses = scope.settings(|place| own(place, "loss in validation", 2, -1.0))?;
    let growths = scope.settings(|place| {
        let mut columns = gap.four(place, first)?;
        columns.extend(gap.four(place, second)?);
        let table = scope.table(&columns)?;
        let name = format!("growth of the gap, {a} - {b}");
        single(place, table, name, Bound::Above(*margin), |c| {
            Some(gap.growth(c, 0) - gap.growth(c, 4))
        })
    })?;
    let scores = scope.settings(|place| {
        let pipelines = [
            scope.pipeline(place, first)?,
            scope.pipeline(place, second)?,
        ];
        let table = scope.table(&pipelines.map(|p| gap.smallest(place, p, score)))?;
        let name = format!("{score}: {b} - {a}");
        single(place, table, name, Bound::Above(0.0), |c| {
            Some(mean(&c[1]) - mean(&c[0]))
        })
    })?;
    Ok(vec![
        together(format!("{a} improves on training states"), train, gains),
        together(
            format!("{a} gets worse on validation states"),
            validation,
            losses,
        ),
        together(format!("its gap grows beyond that of {b}"), train, growths),
        together(format!("{b} scores higher"), score, scores),
    ])
}
