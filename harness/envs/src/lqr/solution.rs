//! Riccati and Lyapunov solutions of one axis; the whole problem is a direct sum of [`AXES`] equal axes.

use super::{A, AXES, B, COST, HORIZON, START};
use crate::recipe::Start;

type Vector = [f64; 2];
type Matrix = [[f64; 2]; 2];

const MAX_ITERATIONS: usize = 100_000;

/// `s' P s + 2 p' s + c` for one axis: a cost-to-go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quadratic {
    /// Symmetric quadratic part.
    pub p: Matrix,
    /// Linear part.
    pub linear: Vector,
    /// Constant.
    pub constant: f64,
}

impl Quadratic {
    const ZERO: Self = Self {
        p: [[0.0; 2]; 2],
        linear: [0.0; 2],
        constant: 0.0,
    };

    /// The cost-to-go of state `s = (x, v)`.
    pub fn value(&self, s: &Vector) -> f64 {
        dot(&apply(&self.p, s), s) + 2.0 * dot(&self.linear, s) + self.constant
    }

    /// Its derivative with respect to `s`.
    pub fn gradient(&self, s: &Vector) -> Vector {
        let ps = apply(&self.p, s);
        [
            2.0 * (ps[0] + self.linear[0]),
            2.0 * (ps[1] + self.linear[1]),
        ]
    }
}

/// The optimal policy `a = -K s` and its cost-to-go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Riccati {
    /// Feedback gain of one axis.
    pub gain: Vector,
    /// Optimal cost-to-go of one axis.
    pub cost_to_go: Quadratic,
}

impl Riccati {
    /// Iterates `P = Q + d A'P(A - B K)`, `K = d B'P A / (1 + d B'P B)` to its fixed point.
    pub fn solve(discount: f64) -> Self {
        let mut p = [[COST[0], 0.0], [0.0, COST[1]]];
        let mut gain = [0.0; 2];
        for _ in 0..MAX_ITERATIONS {
            gain = feedback(&p, discount);
            let next = step(&p, &closed_loop(&gain), &gain, discount);
            let change = distance(&next, &p);
            p = next;
            if change <= 1e-16 * p[0][0] {
                break;
            }
        }
        Self {
            gain,
            cost_to_go: Quadratic {
                p,
                ..Quadratic::ZERO
            },
        }
    }

    /// `-K s` before clipping.
    pub fn action(&self, s: &Vector) -> f64 {
        -dot(&self.gain, s)
    }

    /// The largest |a| that the optimal policy uses from any standard start within the horizon. The state is linear in
    /// the start, so the maximum over the box is a sum of absolute values.
    pub fn largest_action_on_starts(&self) -> f64 {
        let closed = closed_loop(&self.gain);
        let mut power = [[1.0, 0.0], [0.0, 1.0]];
        let mut largest = 0.0f64;
        for _ in 0..HORIZON {
            let row = [
                self.gain[0] * power[0][0] + self.gain[1] * power[1][0],
                self.gain[0] * power[0][1] + self.gain[1] * power[1][1],
            ];
            largest = largest.max(row[0].abs() * START[0] + row[1].abs() * START[1]);
            power = multiply(&closed, &power);
        }
        largest
    }
}

/// The policy `a = -F s + bias + noise N(0, 1)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearGaussian {
    /// Feedback `F`.
    pub feedback: Vector,
    /// Constant part of the action.
    pub bias: f64,
    /// Standard deviation of the action.
    pub noise: f64,
}

impl LinearGaussian {
    /// Its discounted cost-to-go without clipping: the discounted Lyapunov equation and its affine part, by iteration.
    /// `None` when the discounted cost is infinite.
    pub fn cost_to_go(&self, discount: f64) -> Option<Quadratic> {
        let closed = closed_loop(&self.feedback);
        let drift = [B[0] * self.bias, B[1] * self.bias];
        let mut q = Quadratic {
            p: [[COST[0], 0.0], [0.0, COST[1]]],
            ..Quadratic::ZERO
        };
        for _ in 0..MAX_ITERATIONS {
            let p = step(&q.p, &closed, &self.feedback, discount);
            let pd = apply(&q.p, &drift);
            let pull = apply_transposed(&closed, &[pd[0] + q.linear[0], pd[1] + q.linear[1]]);
            let linear = [
                discount * pull[0] - self.feedback[0] * self.bias,
                discount * pull[1] - self.feedback[1] * self.bias,
            ];
            let spread = self.noise * self.noise * dot(&apply(&q.p, &B), &B);
            let ahead = dot(&pd, &drift) + 2.0 * dot(&q.linear, &drift) + spread + q.constant;
            let constant = self.bias * self.bias + self.noise * self.noise + discount * ahead;
            let next = Quadratic {
                p,
                linear,
                constant,
            };
            let change = distance(&next.p, &q.p)
                + (linear[0] - q.linear[0]).abs()
                + (constant - q.constant).abs();
            q = next;
            if !q.value(&[1.0, 1.0]).is_finite() {
                return None;
            }
            if change <= 1e-15 * (1.0 + q.p[0][0] + q.constant.abs()) {
                return Some(q);
            }
        }
        None
    }
}

/// Undiscounted expected return over an episode of the unclipped policy, from a start distribution: first and second
/// moments of the state are propagated exactly.
pub fn expected_return(policy: &LinearGaussian, start: &Start) -> f64 {
    let closed = closed_loop(&policy.feedback);
    let variance = |half_width: f64| half_width * half_width * start.scale * start.scale / 3.0;
    let mut mean = [start.offset, 0.0];
    let mut covariance = [[variance(START[0]), 0.0], [0.0, variance(START[1])]];
    let mut cost = 0.0;
    for _ in 0..HORIZON {
        let action = policy.bias - dot(&policy.feedback, &mean);
        let spread = dot(&apply(&covariance, &policy.feedback), &policy.feedback)
            + policy.noise * policy.noise;
        cost += COST[0] * (mean[0] * mean[0] + covariance[0][0])
            + COST[1] * (mean[1] * mean[1] + covariance[1][1]);
        cost += action * action + spread;
        let moved = apply(&closed, &mean);
        mean = [moved[0] + B[0] * policy.bias, moved[1] + B[1] * policy.bias];
        let propagated = multiply(&multiply(&closed, &covariance), &transpose(&closed));
        let n2 = policy.noise * policy.noise;
        covariance =
            std::array::from_fn(|i| std::array::from_fn(|j| propagated[i][j] + n2 * B[i] * B[j]));
    }
    -cost * AXES as f64
}

/// `Q + F'F + d Ac' P Ac`.
fn step(p: &Matrix, closed: &Matrix, feedback: &Vector, discount: f64) -> Matrix {
    let ahead = multiply(&transpose(closed), &multiply(p, closed));
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let own = if i == j { COST[i] } else { 0.0 };
            own + feedback[i] * feedback[j] + discount * ahead[i][j]
        })
    })
}

fn feedback(p: &Matrix, discount: f64) -> Vector {
    let pb = apply(p, &B);
    let scale = discount / (1.0 + discount * dot(&pb, &B));
    apply_transposed(&A, &pb).map(|x| scale * x)
}

fn closed_loop(feedback: &Vector) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| A[i][j] - B[i] * feedback[j]))
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn apply(m: &Matrix, s: &Vector) -> Vector {
    [dot(&m[0], s), dot(&m[1], s)]
}

fn apply_transposed(m: &Matrix, s: &Vector) -> Vector {
    apply(&transpose(m), s)
}

fn transpose(m: &Matrix) -> Matrix {
    [[m[0][0], m[1][0]], [m[0][1], m[1][1]]]
}

fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}

fn distance(a: &Matrix, b: &Matrix) -> f64 {
    (0..2)
        .flat_map(|i| (0..2).map(move |j| (i, j)))
        .map(|(i, j)| (a[i][j] - b[i][j]).abs())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lqr::DISCOUNT;

    #[test]
    fn the_optimal_policy_stays_inside_the_bounds_from_every_start() {
        let largest = Riccati::solve(DISCOUNT).largest_action_on_starts();
        assert!(largest <= 1.0, "{largest}");
        assert!(largest > 0.5, "the bound would say nothing: {largest}");
    }

    #[test]
    fn the_riccati_solution_is_a_fixed_point_and_equals_its_own_lyapunov_solution() {
        let solution = Riccati::solve(DISCOUNT);
        let p = solution.cost_to_go.p;
        assert!(
            distance(
                &step(&p, &closed_loop(&solution.gain), &solution.gain, DISCOUNT),
                &p
            ) < 1e-13
        );
        let policy = LinearGaussian {
            feedback: solution.gain,
            bias: 0.0,
            noise: 0.0,
        };
        assert!(distance(&policy.cost_to_go(DISCOUNT).unwrap().p, &p) < 1e-12);
    }

    #[test]
    fn no_other_gain_is_cheaper() {
        let best = Riccati::solve(DISCOUNT);
        for factor in [0.8, 0.95, 1.05, 1.2] {
            let other = LinearGaussian {
                feedback: best.gain.map(|k| factor * k),
                bias: 0.0,
                noise: 0.0,
            };
            assert!(
                other.cost_to_go(DISCOUNT).unwrap().value(&[1.0, 0.3])
                    > best.cost_to_go.value(&[1.0, 0.3])
            );
        }
    }

    #[test]
    fn an_exploding_policy_has_no_value() {
        let policy = LinearGaussian {
            feedback: [-2.0, -2.0],
            bias: 0.0,
            noise: 0.0,
        };
        assert_eq!(policy.cost_to_go(0.95), None);
    }
}
