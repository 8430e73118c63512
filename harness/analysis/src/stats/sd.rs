//! Standard deviation of a sample: `sqrt(sum((x - mean)^2) / (N - 1))`.
//!
//! Shape: `[N]` to a scalar, always with one degree of freedom removed (`ddof = 1`); published tables often use
//! NumPy's default of 0, which is smaller by `sqrt((N - 1) / N)`, 11 % for N = 5.
//! No value or one value: none. All equal: 0.

use super::mean::mean;

/// Standard deviation of `values` with `ddof = 1`.
pub fn sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|x| (x - centre) * (x - centre)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_one_degree_of_freedom() {
        assert_eq!(sd(&[]), None);
        assert_eq!(sd(&[1.0]), None);
        assert_eq!(sd(&[4.0, 4.0, 4.0]), Some(0.0));
        assert_eq!(sd(&[1.0, 3.0]), Some(2.0f64.sqrt()));
    }
}
