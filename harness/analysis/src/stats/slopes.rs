//! Slopes of a score over the logarithms of two amounts of data, by ordinary least squares.
//!
//! Shapes: `[N, 2]` regressors and `[N]` values to two slopes, `y = c + b_value log10 f_value + b_policy log10 f_policy`: points per factor of
//! ten. Slopes are linear in the values, so the mean over seeds of the slopes is the slope of the mean. Constant or equal regressors: none.

/// Slopes of one matrix in scores per factor of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slopes {
    /// Along the data of the value.
    pub value: f64,
    /// Along the data of the policy.
    pub policy: f64,
}

/// Least squares on two centred regressors `(log10 f_value, log10 f_policy)`; none where they are constant or the same.
pub fn fit(x: &[(f64, f64)], y: &[f64]) -> Option<Slopes> {
    let n = x.len() as f64;
    let (mv, mp) = (
        x.iter().map(|x| x.0).sum::<f64>() / n,
        x.iter().map(|x| x.1).sum::<f64>() / n,
    );
    let my = y.iter().sum::<f64>() / n;
    let (mut vv, mut pp, mut vp, mut vy, mut py) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&(v, p), &y) in x.iter().zip(y) {
        let (v, p, y) = (v - mv, p - mp, y - my);
        vv += v * v;
        pp += p * p;
        vp += v * p;
        vy += v * y;
        py += p * y;
    }
    let determinant = vv * pp - vp * vp;
    (determinant > 1e-9 * vv * pp).then(|| Slopes {
        value: (pp * vy - vp * py) / determinant,
        policy: (vv * py - vp * vy) / determinant,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovers_exact_slopes_on_an_uneven_grid() {
        let x = [
            (-1.0, -1.0),
            (-1.0, 0.0),
            (0.0, -1.0),
            (0.0, 0.0),
            (-0.3, 0.0),
        ];
        let y: Vec<f64> = x.iter().map(|(v, p)| 5.0 + 2.0 * v - 3.0 * p).collect();
        let slopes = fit(&x, &y).unwrap();
        assert!((slopes.value - 2.0).abs() < 1e-12 && (slopes.policy + 3.0).abs() < 1e-12);
        assert_eq!(fit(&[(0.0, 0.0), (1.0, 1.0)], &[1.0, 2.0]), None);
    }
}
