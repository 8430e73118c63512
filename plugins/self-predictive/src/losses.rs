//! The equations of latent self-prediction. Letters: `B` batch, `E` dimensions of a code; `z = phi(s)` code, `phi'` the
//! target encoder.

use tch::{Kind, Tensor};

/// Added to a variance before its root, whose slope would be infinite at 0.
const SMALLEST_VARIANCE: f64 = 1e-4;

fn sum(x: &Tensor, dimension: i64) -> Tensor {
    x.sum_dim_intlist([dimension].as_slice(), false, x.kind())
}

/// `L_z = E[ mean_j (z^_j - phi'(s')_j)^2 ]` over the rows that go on, with `z^ = z + f(z, a)`.
/// `predicted: [B, E]`, `target: [B, E]`, `goes_on: [B]` of 0 and 1 -> `[]`
pub fn prediction(predicted: &Tensor, target: &Tensor, goes_on: &Tensor) -> Tensor {
    let kind = predicted.kind();
    let error = (predicted - target)
        .square()
        .mean_dim([1i64].as_slice(), false, kind); // [B]
    let rows = goes_on.sum(kind).clamp_min(1.0); // a batch of ends alone has no error
    (error * goes_on).sum(kind) / rows
}

/// `z` less its mean over the batch, and the divisor of its moments, `B - 1`.
fn centred(z: &Tensor) -> (Tensor, f64) {
    let mean = z.mean_dim([0i64].as_slice(), true, z.kind());
    (z - mean, (z.size()[0] - 1).max(1) as f64)
}

/// Standard deviation of every dimension over the batch.  `z: [B, E] -> [E]`
pub fn deviation(z: &Tensor) -> Tensor {
    let (c, divisor) = centred(z);
    (sum(&c.square(), 0) / divisor + SMALLEST_VARIANCE).sqrt()
}

/// `L_var = mean_j max(0, 1 - sd(z_j))`: a code that is the same everywhere is dear.  `deviation: [E] -> []`
pub fn variance(deviation: &Tensor) -> Tensor {
    (-deviation + 1.0).relu().mean(deviation.kind())
}

/// `L_cov = 1/E sum over i != j of Cov(z_i, z_j)^2`: so is a code that says one thing twice.  `z: [B, E] -> []`
pub fn covariance(z: &Tensor) -> Tensor {
    let (c, divisor) = centred(z);
    let cov = c.tr().matmul(&c) / divisor; // [E, E]
    let all = cov.square().sum(z.kind());
    let own = cov.diagonal(0, 0, 1).square().sum(z.kind());
    (all - own) / z.size()[1] as f64
}

/// `L_r = E[ (h(z, a) - r)^2 ]`.  `predicted: [B, 1]`, `r: [B] -> []`
pub fn reward(predicted: &Tensor, r: &Tensor) -> Tensor {
    let kind: Kind = r.kind();
    (predicted.squeeze_dim(-1) - r).square().mean(kind)
}
