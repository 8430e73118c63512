//! Slopes of a score over the logarithms of two amounts of data, by ordinary least squares.
//!
//! Shapes: `[N, 2]` regressors and `[N]` values to two slopes, `y = c + b_1 log10 f_1 + b_2 log10 f_2`: points per factor of ten. Slopes are linear in the values, so the mean over seeds of the slopes is the slope of the mean. Constant or equal regressors: none.

/// Slopes of one matrix in scores per factor of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slopes {
    /// Along the first amount.
    pub first: f64,
    /// Along the second.
    pub second: f64,
}

/// Least squares on two centred regressors `(log10 f_1, log10 f_2)`; none where they are constant or the same.
pub fn fit(x: &[(f64, f64)], y: &[f64]) -> Option<Slopes> {
    let n = x.len() as f64;
    let (ma, mb) = (
        x.iter().map(|x| x.0).sum::<f64>() / n,
        x.iter().map(|x| x.1).sum::<f64>() / n,
    );
    let my = y.iter().sum::<f64>() / n;
    let (mut aa, mut bb, mut ab, mut ay, mut by) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&(a, b), &y) in x.iter().zip(y) {
        let (a, b, y) = (a - ma, b - mb, y - my);
        aa += a * a;
        bb += b * b;
        ab += a * b;
        ay += a * y;
        by += b * y;
    }
    let determinant = aa * bb - ab * ab;
    (determinant > 1e-9 * aa * bb).then(|| Slopes {
        first: (bb * ay - ab * by) / determinant,
        second: (aa * by - ab * ay) / determinant,
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
        let y: Vec<f64> = x.iter().map(|(a, b)| 5.0 + 2.0 * a - 3.0 * b).collect();
        let slopes = fit(&x, &y).unwrap();
        assert!((slopes.first - 2.0).abs() < 1e-12 && (slopes.second + 3.0).abs() < 1e-12);
        assert_eq!(fit(&[(0.0, 0.0), (1.0, 1.0)], &[1.0, 2.0]), None);
    }
}
