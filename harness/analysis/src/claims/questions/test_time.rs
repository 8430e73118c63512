//! What is gained at test time: the paired difference of a method to its base, at the parameter chosen on tuning seeds.

use super::OTHER_KIND;
use super::settings::{Place, Scope, short, sign};
use crate::claims::answer::{Contrast, Question};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::file::{Identity, Labels, Test};
use crate::claims::table::{Column, Table, mean};

/// `test-time`
pub(crate) fn gains(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::TestTime {
        metric,
        better,
        base,
        methods,
        margin,
        share,
        identity,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let good = sign(*better);
    for place in scope.places() {
        for method in methods {
            unchanged(scope, &place, base, method, metric, identity)?;
        }
    }
    let mut questions = Vec::new();
    for method in methods {
        let settings = scope.settings(|place| {
            let pipelines = [scope.pipeline(place, method)?, scope.pipeline(place, base)?];
            let table =
                scope.table(&pipelines.map(|p| Column::last(place.benchmark, p, metric)))?;
            let sample = table.sample(place.benchmark, |c| {
                Some(good * (mean(&c[0]) - mean(&c[1])))
            });
            let contrast = Contrast {
                name: format!("{} - base", short(method)),
                sample,
                bound: Bound::Above(*margin),
            };
            place.setting(table, vec![contrast], Needs::All)
        })?;
        questions.push(Question {
            name: format!("{} improves on its base", short(method)),
            unit: metric.clone(),
            rule: Rule::MoreThan(*share),
            settings,
        });
    }
    Ok(questions)
}

/// A method that is told to do nothing must equal its base bit for bit; if it does not, no gain of it means anything.
fn unchanged(
    scope: &Scope<'_>,
    place: &Place<'_>,
    base: &Labels,
    labels: &Labels,
    metric: &str,
    identity: &[Identity],
) -> Result<(), String> {
    let (Ok(method), Ok(base)) = (scope.pipeline(place, labels), scope.pipeline(place, base))
    else {
        return Ok(());
    };
    let own = identity.iter().filter(|i| i.method == *labels);
    for Identity {
        parameter, value, ..
    } in own
    {
        let levels = scope
            .evidence
            .levels(place.benchmark, method, metric, parameter);
        let Some(level) = levels
            .into_iter()
            .find(|level| level.number() == Some(*value))
        else {
            continue;
        };
        let columns = [
            Column::last(place.benchmark, method, metric).fixed(parameter, level),
            Column::last(place.benchmark, base, metric),
        ];
        let Ok(table) = Table::read(scope.evidence, &columns, None) else {
            continue;
        };
        let seeds = table.units.values().flatten();
        let worst = seeds
            .flat_map(|c| c[0].iter().zip(&c[1]).map(|(a, b)| (a - b).abs()))
            .fold(0.0, f64::max);
        if worst > 0.0 {
            return Err(format!(
                "{method} with {parameter} = {value} differs from {base} by up to {worst} on {}, so its gain means nothing",
                place.benchmark
            ));
        }
    }
    Ok(())
}
