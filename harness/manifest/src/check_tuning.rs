//! Checks of tuning: what is tuned, on which seeds, and that reports are made on others.

use crate::error::{Error, Position};
use crate::types::Manifest;

/// Tuned sweeps need tuning seeds, tuning seeds need tuned sweeps, and no seed serves both ends.
pub(crate) fn check_tuning(
    manifest: &Manifest,
    locate: &dyn Fn(&str) -> Position,
) -> Result<(), Error> {
    let bad = |key: &str, reason: String, hint: &str| {
        Err(Error::Value {
            at: locate(key),
            reason,
            hint: Some(hint.to_owned()),
        })
    };
    let tuned = manifest.sweeps.iter().position(|s| s.tune);
    let Some(tuning) = &manifest.study.tuning else {
        return match tuned {
            None => Ok(()),
            Some(i) => bad(
                &format!("sweep[{i}].tune"),
                format!(
                    "`{}` is tuned, but the study has no tuning seeds",
                    manifest.sweeps[i].parameter
                ),
                "add tuning = { seeds = { base = 1000, count = 3 } } under [study]",
            ),
        };
    };
    // What would spoil the report comes before what would merely tune nothing.
    if tuning.seeds.count == 0 {
        return bad(
            "study.tuning.seeds.count",
            "count is 0, expected at least 1".into(),
            "tune on one seed or more",
        );
    }
    let study = &manifest.study;
    let counts = manifest.benchmarks.iter().map(|b| b.seeds(study).count);
    let report = crate::Seeds {
        base: study.seeds.base,
        count: counts.max().unwrap_or(study.seeds.count),
    };
    let tune = tuning.seeds;
    let range = |s: crate::Seeds| (s.base, s.base.saturating_add(s.count));
    let ((a, b), (c, d)) = (range(report), range(tune));
    if a < d && c < b {
        return bad(
            "study.tuning.seeds",
            format!(
                "seeds {}..={} are tuned on and reported on",
                a.max(c),
                b.min(d) - 1
            ),
            "choose a base beyond the seeds of the report: values picked on a seed look better on it than they are",
        );
    }
    if tuning.evaluation_seed == manifest.evaluation.seed {
        return bad(
            "study.tuning.evaluation_seed",
            format!(
                "episodes of seed {} are tuned on and reported on",
                tuning.evaluation_seed
            ),
            "give tuning an evaluation seed of its own",
        );
    }
    if tuned.is_none() {
        return bad(
            "study.tuning",
            "there are tuning seeds, but no sweep is tuned".into(),
            "set tune = true in the [[sweep]] whose values are tuned",
        );
    }
    Ok(())
}
