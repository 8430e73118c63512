//! Initial values of parameters, drawn from the host and computed in float64.

use plugin_api::{Host, Outcome};

/// The initial distribution of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fill {
    /// One value throughout.
    Constant(f64),
    /// U(-bound, bound)
    Uniform(f64),
    /// Orthonormal rows or columns (whichever are fewer) of the last two dimensions, times a gain.
    Orthogonal(f64),
}

/// Values of parameter `name` in row-major order. Leading dimensions beyond the last two are ensemble members.
pub(crate) fn draw(host: &Host, name: &str, shape: &[i64], fill: Fill) -> Outcome<Vec<f64>> {
    let count = shape.iter().product::<i64>() as usize;
    let stream = format!("init/{name}");
    match fill {
        Fill::Constant(value) => Ok(vec![value; count]),
        Fill::Uniform(bound) => {
            let unit = host.uniform(&stream, 0, count)?;
            Ok(unit.into_iter().map(|u| bound * (2.0 * u - 1.0)).collect())
        }
        Fill::Orthogonal(gain) => {
            let [rows, columns] = [shape[shape.len() - 2], shape[shape.len() - 1]];
            let mut values = host.normal(&stream, 0, count)?;
            for block in values.chunks_exact_mut((rows * columns) as usize) {
                orthogonalise(block, rows as usize, columns as usize, gain);
            }
            Ok(values)
        }
    }
}

/// Makes the rows of a `rows x columns` matrix (or its columns, if they are fewer) orthonormal and multiplies by `gain`.
/// Gram and Schmidt's procedure, twice for orthogonality to rounding; the sign of each vector stays that of its draw,
/// so that the result is uniform over orthogonal matrices.
fn orthogonalise(values: &mut [f64], rows: usize, columns: usize, gain: f64) {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let at = |vector: usize, i: usize| {
        if rows <= columns {
            vector * columns + i
        } else {
            i * columns + vector
        }
    };
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    for vector in 0..count {
        let mut x: Vec<f64> = (0..length).map(|i| values[at(vector, i)]).collect();
        for _ in 0..2 {
            for b in &basis {
                let dot: f64 = b.iter().zip(&x).map(|(b, x)| b * x).sum();
                x.iter_mut().zip(b).for_each(|(x, b)| *x -= dot * b);
            }
        }
        let norm = libm::sqrt(x.iter().map(|x| x * x).sum());
        x.iter_mut().for_each(|x| *x /= norm);
        basis.push(x);
    }
    for (vector, x) in basis.iter().enumerate() {
        for (i, x) in x.iter().enumerate() {
            values[at(vector, i)] = gain * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::orthogonalise;

    fn check(rows: usize, columns: usize) {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
        };
        let mut m: Vec<f64> = (0..rows * columns).map(|_| next()).collect();
        orthogonalise(&mut m, rows, columns, 2.0);
        let n = rows.min(columns);
        for a in 0..n {
            for b in 0..n {
                let dot: f64 = if rows <= columns {
                    (0..columns)
                        .map(|i| m[a * columns + i] * m[b * columns + i])
                        .sum()
                } else {
                    (0..rows)
                        .map(|i| m[i * columns + a] * m[i * columns + b])
                        .sum()
                };
                let expected = if a == b { 4.0 } else { 0.0 };
                assert!((dot - expected).abs() < 1e-12, "{a} {b} {dot}");
            }
        }
    }

    #[test]
    fn rows_or_columns_are_orthogonal_with_the_gain_as_norm() {
        check(3, 7);
        check(7, 3);
        check(5, 5);
    }
}
