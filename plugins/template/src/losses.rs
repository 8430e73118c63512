//! The equations of filtered cloning. Letters: `B` batch, `A` action dimension.

use tch::{Kind, Tensor};

/// `f = 1[ Q(s,a) - V(s) > threshold ]`.  `adv: [B]` -> `[B]`
pub fn filter(adv: &Tensor, threshold: f64) -> Tensor {
    adv.gt(threshold).to_kind(adv.kind())
}

/// `L = E[ f 1/2 |mu(s) - a|^2 ]`, which is `-f log pi(a|s)` of unit deviation up to a constant.
/// `f: [B]`, `mu: [B, A]`, `a: [B, A]` -> `[]`
pub fn filtered_cloning(f: &Tensor, mu: &Tensor, a: &Tensor) -> Tensor {
    let kind: Kind = mu.kind();
    let distance = (mu - a)
        .square()
        .sum_dim_intlist([-1i64].as_slice(), false, kind); // [B]
    (f * distance).mean(kind) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_advantages_above_the_threshold_pass() {
        let adv = Tensor::from_slice(&[-1.0, 0.0, 0.5, 2.0]);
        let f: Vec<f64> = Vec::try_from(filter(&adv, 0.4)).unwrap();
        assert_eq!(f, [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn filtered_rows_do_not_count() {
        let (f, a) = (
            Tensor::from_slice(&[1.0, 0.0]),
            Tensor::from_slice2(&[[1.0, 2.0], [9.0, 9.0]]),
        );
        let loss = filtered_cloning(&f, &a.zeros_like(), &a).double_value(&[]);
        assert!((loss - 0.25 * 5.0).abs() < 1e-12, "{loss}");
    }
}
