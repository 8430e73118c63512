//! Errors that fall or stay over a run, and what follows them.
//!
//! Relative drop of an error: `ln first - ln last`, so that 0.69 is half. "Stays flat" is an equivalence test. Correlation
//! of two metrics: Spearman's over the snapshots of a run, per seed.

use super::OTHER_KIND;
use super::difference::log_ratio;
use super::settings::{Place, Scope, sign};
use super::snapshots::{first_and_last, single, snapshots, together};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs};
use crate::claims::file::{Labels, Test};
use crate::claims::table::{Column, Snapshot, Table, mean};

/// One contrast for each flat metric, over the drops of the falling one (columns 0 and 1) and of its own (at an index).
struct Drops<'a> {
    scope: &'a Scope<'a>,
    pipeline: &'a Labels,
    falls: &'a str,
    flat: &'a [String],
}

type Contrasted = fn(&[Vec<f64>], usize) -> Option<f64>;

impl Drops<'_> {
    fn table(&self, place: &Place<'_>) -> Result<Table, String> {
        let pipeline = self.scope.pipeline(place, self.pipeline)?;
        snapshots(self.scope, place.benchmark, pipeline, self.falls, 2)?;
        let metrics = std::iter::once(self.falls).chain(self.flat.iter().map(String::as_str));
        let columns = metrics.map(|metric| Column::last(place.benchmark, pipeline, metric));
        self.scope.table(&first_and_last(columns))
    }

    fn setting(
        &self,
        place: &Place<'_>,
        name: &dyn Fn(&str) -> String,
        bound: Bound,
        of: Contrasted,
    ) -> Result<Setting, String> {
        let table = self.table(place)?;
        let contrast = |(k, metric): (usize, &String)| Contrast {
            name: name(metric),
            sample: table.sample(place.benchmark, |c| of(c, 2 * (k + 1))),
            bound,
        };
        let contrasts = self.flat.iter().enumerate().map(contrast).collect();
        place.setting(table, contrasts, Needs::All)
    }

    /// Correlation of `follows`, in its good direction, with the fall.
    fn followed(
        &self,
        place: &Place<'_>,
        follows: &str,
        good: f64,
        bound: f64,
    ) -> Result<Setting, String> {
        let pipeline = self.scope.pipeline(place, self.pipeline)?;
        let updates = snapshots(self.scope, place.benchmark, pipeline, self.falls, 4)?;
        let mut columns = Vec::new();
        for update in updates {
            for metric in [self.falls, follows] {
                let column = Column::last(place.benchmark, pipeline, metric);
                columns.push(column.at(Snapshot::At(update)));
            }
        }
        let table = self.scope.table(&columns)?;
        let name = format!("rank correlation of {follows} with falling {}", self.falls);
        single(place, table, name, Bound::Above(bound), |c| {
            let series = |start: usize, sign: f64| -> Vec<f64> {
                let own = c.iter().skip(start).step_by(2);
                own.map(|values| sign * mean(values)).collect()
            };
            spearman(&series(0, -1.0), &series(1, good))
        })
    }
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
    let drops = Drops {
        scope,
        pipeline,
        falls,
        flat,
    };
    let excesses = scope.settings(|place| {
        let name = |metric: &str| format!("drop of ln {falls} - drop of ln {metric}");
        drops.setting(place, &name, Bound::Above(*excess), |c, i| {
            Some(log_ratio(c, 0, 1)? - log_ratio(c, i, i + 1)?)
        })
    })?;
    let flats = scope.settings(|place| {
        let name = |metric: &str| format!("drop of ln {metric}");
        drops.setting(place, &name, Bound::Within(*flat_margin), |c, i| {
            log_ratio(c, i, i + 1)
        })
    })?;
    let followed =
        scope.settings(|place| drops.followed(place, follows, sign(*better), *correlation))?;
    Ok(vec![
        together(
            format!("{falls} falls more than the others"),
            "natural logarithm",
            excesses,
        ),
        together("the others stay flat".into(), "natural logarithm", flats),
        together(
            format!("{follows} follows {falls}"),
            "rank correlation",
            followed,
        ),
    ])
}

/// Spearman's correlation with mean ranks for ties; none where one side is constant.
fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (standard_ranks(a)?, standard_ranks(b)?);
    Some(a.iter().zip(&b).map(|(a, b)| a * b).sum())
}

/// Ranks (means of them for ties), centred and scaled to length 1; none where all are equal. Spearman's correlation is the
/// product of two of these.
pub(super) fn standard_ranks(x: &[f64]) -> Option<Vec<f64>> {
    let rank = |&y: &f64| {
        let below = x.iter().filter(|&&z| z < y).count() as f64;
        let equal = x.iter().filter(|&&z| z == y).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    let ranks: Vec<f64> = x.iter().map(rank).collect();
    let centre = mean(&ranks);
    let squares = ranks.iter().map(|r| (r - centre) * (r - centre));
    let length = libm::sqrt(squares.sum());
    (length > 0.0).then(|| ranks.iter().map(|r| (r - centre) / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spearman_with_ties_is_scipys() {
        // scipy.stats.spearmanr([1, 2, 2, 4, 5], [3, 1, 4, 5, 5]).statistic
        let r = spearman(&[1.0, 2.0, 2.0, 4.0, 5.0], &[3.0, 1.0, 4.0, 5.0, 5.0]).unwrap();
        assert!((r - 0.7894736842105263).abs() < 1e-12, "{r}");
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    }
}
