//! Statistics of a policy's actions.
//!
//! * `mean_abs_action`: mean of |a_k| over visited states and action entries.
//! * `saturated_share`: share of those entries that lie within 1e-3 of a bound.
//! * `train_log_likelihood`, `validation_log_likelihood`: mean of log pi(a|s) over the dataset's own pairs (natural
//!   logarithm, summed over action entries); absent for policies without a density.

use super::call::Form;
use super::states::States;
use crate::worker::failure::Stop;
use plugin_host::Bound;

/// Distance to a bound below which an action entry counts as saturated.
const SATURATION: f32 = 1e-3;

/// Mean |a| and the saturated share over the entries of `actions`; none without actions and for indices
/// of discrete ones.
pub(crate) fn extent(form: &Form, actions: &[f32]) -> Option<(f64, f64)> {
    if actions.is_empty() || form.discrete() {
        return None;
    }
    let n = actions.len() as f64;
    let (low, high) = (form.action_low + SATURATION, form.action_high - SATURATION);
    let sum: f64 = actions.iter().map(|&a| f64::from(a.abs())).sum();
    let saturated = actions.iter().filter(|&&a| a <= low || a >= high).count();
    Some((sum / n, saturated as f64 / n))
}

/// Mean log density of the set's own actions; none without a density or where it is not finite.
pub(crate) fn log_likelihood(
    form: &Form,
    policy: &Bound,
    states: &States,
) -> Result<Option<f64>, Stop> {
    let n = states.len(form);
    if n == 0 {
        return Ok(None);
    }
    let all = form.log_prob(policy, states.rows(), &states.action)?;
    let mean = all.map(|all| all.iter().sum::<f64>() / n as f64);
    Ok(mean.filter(|mean| mean.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_at_a_bound_are_saturated() {
        let form = Form::plain(1, 2);
        let (mean, share) = extent(&form, &[1.0, -0.9995, 0.5, -0.5]).unwrap();
        assert!((mean - 0.749_875).abs() < 1e-6);
        assert_eq!(share, 0.5);
        assert_eq!(extent(&form, &[]), None);
    }
}
