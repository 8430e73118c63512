//! Numbers and metrics in words, the same in every sentence and rendering.

/// `x` with `digits` significant digits, in plain notation, e.g. `0.0072`, `12`, `3400`.
pub fn significant(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    fixed(x, decimals(x, digits))
}

/// `x` with `decimals` digits after the point, without a negative zero.
pub fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    let zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    if zero {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}

/// Digits after the point that show `digits` significant digits of `x`.
pub fn decimals(x: f64, digits: i32) -> usize {
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    // The exponent after rounding, so that 0.0996 with two digits is 0.10 and not 0.100.
    let rounded = format!("{:.*e}", (digits - 1).max(0) as usize, x);
    let exponent: i32 = rounded
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    (digits - 1 - exponent).max(0) as usize
}

/// What a metric is called in captions; unknown metrics keep their id.
pub fn metric(id: &str) -> &str {
    match id {
        "normalized_score" => "normalized score",
        "episode_return_mean" => "mean episode return",
        "episode_length_mean" => "mean episode length (steps)",
        "action_mse" => "action MSE to the reference policy",
        "action_mse_train" => "training action MSE to the reference policy",
        "action_mse_validation" => "validation action MSE to the reference policy",
        "action_mse_evaluation" => "evaluation action MSE to the reference policy",
        "action_mse_probe" => "probe action MSE to the reference policy",
        "regret_train" => "training regret",
        "regret_validation" => "validation regret",
        "regret_evaluation" => "evaluation regret",
        "regret_probe" => "probe regret",
        "behaviour_regret" => "regret of the dataset's actions",
        "coverage_distance" => "distance of visited states to the data (deviations)",
        "mean_abs_action" => "mean |action|",
        "saturated_share" => "share of saturated action entries",
        "train_log_likelihood" => "training log-likelihood",
        "validation_log_likelihood" => "validation log-likelihood",
        "success_rate" => "success rate",
        "ms_per_action" => "time per action (ms)",
        "critic_gradients_per_action" => "critic gradients per action",
        "policy_updates_per_action" => "policy updates per action",
        other => other,
    }
}

/// What a metric is called in running text.
pub fn short(id: &str) -> &str {
    metric(id).trim_end_matches(" to the reference policy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits_survive_rounding_up() {
        let rows = [
            (0.00724, "0.0072"),
            (0.0996, "0.10"),
            (12.3, "12"),
            (3417.0, "3417"),
            (0.0, "0"),
            (-1.25, "-1.2"),
        ];
        for (x, expected) in rows {
            assert_eq!(significant(x, 2), expected);
        }
        assert_eq!(fixed(-0.004, 2), "0.00");
    }
}
