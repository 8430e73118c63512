//! Gauss-Legendre quadrature for expectations over uniform states.

/// Nodes and weights of `n` points on [-1, 1] for the uniform *probability* measure (weights sum to 1).
pub(crate) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
            let mut slope = 0.0;
            // Newton's method on the Legendre polynomial; quadratic, so a dozen steps reach rounding from this start.
            for _ in 0..12 {
                let (value, derivative) = legendre(n, x);
                slope = derivative;
                x -= value / derivative;
            }
            (x, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut previous, mut current) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (previous, current) = (
            current,
            ((2.0 * k - 1.0) * x * current - (k - 1.0) * previous) / k,
        );
    }
    let derivative = n as f64 * (x * current - previous) / (x * x - 1.0);
    (current, derivative)
}

/// E f(s) for s uniform on [-1, 1]^4, with `n` points an axis.
pub(crate) fn expectation_4d(n: usize, mut f: impl FnMut(&[f64; 4]) -> f64) -> f64 {
    let points = gauss_legendre(n);
    let mut total = 0.0;
    for &(x0, w0) in &points {
        for &(x1, w1) in &points {
            for &(x2, w2) in &points {
                for &(x3, w3) in &points {
                    total += w0 * w1 * w2 * w3 * f(&[x0, x1, x2, x3]);
                }
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_degree_2n_minus_1_are_exact() {
        let points = gauss_legendre(5);
        for degree in 0..10 {
            let sum: f64 = points.iter().map(|(x, w)| w * x.powi(degree)).sum();
            let exact = if degree % 2 == 0 {
                1.0 / f64::from(degree + 1)
            } else {
                0.0
            };
            assert!((sum - exact).abs() < 1e-14, "degree {degree}: {sum}");
        }
        assert!((expectation_4d(3, |s| s[0] * s[0] * s[3] * s[3]) - 1.0 / 9.0).abs() < 1e-14);
    }
}
