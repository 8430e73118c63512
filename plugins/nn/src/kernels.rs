//! Adam's element-wise pass, fused into one loop over memory.
//!
//! Only additions, multiplications, divisions and square roots, each correctly rounded and never contracted, so the
//! vector width that the processor offers does not change a bit of the result.

/// Constants of one Adam step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamStep {
    /// 1 - beta1
    pub(crate) mix_m: f64,
    /// beta2
    pub(crate) keep_v: f64,
    /// 1 - beta2
    pub(crate) mix_v: f64,
    /// sqrt(1 - beta2^t)
    pub(crate) root_correction: f64,
    /// epsilon
    pub(crate) epsilon: f64,
    /// learning rate / (1 - beta1^t)
    pub(crate) step_size: f64,
}

macro_rules! adam_for {
    ($name:ident, $float:ty, $body:ident, $avx2:ident, $avx512:ident) => {
        #[inline(always)]
        fn $body(
            p: &mut [$float],
            m: &mut [$float],
            v: &mut [$float],
            g: &[$float],
            c: AdamStep,
        ) -> bool {
            let (mix_m, keep_v, mix_v) = (c.mix_m as $float, c.keep_v as $float, c.mix_v as $float);
            let (root, eps, size) = (
                c.root_correction as $float,
                c.epsilon as $float,
                c.step_size as $float,
            );
            // Moments of units that never fire decay into subnormal numbers, which are slow; they count as zero.
            let flush = |x: $float| {
                if x.abs() < <$float>::MIN_POSITIVE {
                    0.0
                } else {
                    x
                }
            };
            let mut finite = true;
            for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
                finite &= g.abs() <= <$float>::MAX;
                *m = flush(*m + (g - *m) * mix_m);
                *v = flush(*v * keep_v + mix_v * (g * g));
                *p -= size * (*m / (v.sqrt() / root + eps));
            }
            finite
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn $avx2(
            p: &mut [$float],
            m: &mut [$float],
            v: &mut [$float],
            g: &[$float],
            c: AdamStep,
        ) -> bool {
            $body(p, m, v, g, c)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f")]
        fn $avx512(
            p: &mut [$float],
            m: &mut [$float],
            v: &mut [$float],
            g: &[$float],
            c: AdamStep,
        ) -> bool {
            $body(p, m, v, g, c)
        }

        /// One Adam step on equally long slices; false when a gradient was not finite.
        #[allow(
            unsafe_code,
            reason = "a function for a processor feature may only be called where it is detected"
        )]
        pub(crate) fn $name(
            p: &mut [$float],
            m: &mut [$float],
            v: &mut [$float],
            g: &[$float],
            c: AdamStep,
        ) -> bool {
            assert!(p.len() == m.len() && p.len() == v.len() && p.len() == g.len());
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512F.
                return unsafe { $avx512(p, m, v, g, c) };
            } else if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                return unsafe { $avx2(p, m, v, g, c) };
            }
            $body(p, m, v, g, c)
        }
    };
}

adam_for!(adam_f32, f32, adam_f32_body, adam_f32_avx2, adam_f32_avx512);
adam_for!(adam_f64, f64, adam_f64_body, adam_f64_avx2, adam_f64_avx512);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_width_does_not_change_a_bit() {
        let n = 1003;
        let start = |k: u32| -> Vec<f32> {
            (0..n)
                .map(|i| ((i * 2654435761u32.wrapping_add(k)) >> 8) as f32 / 1e7 - 0.8)
                .collect()
        };
        let c = AdamStep {
            mix_m: 0.1,
            keep_v: 0.999,
            mix_v: 0.001,
            root_correction: 0.7,
            epsilon: 1e-8,
            step_size: 1e-3,
        };
        let squares = |x: Vec<f32>| x.into_iter().map(|x| x * x).collect::<Vec<f32>>();
        let (mut p, mut m, mut v) = (start(1), start(2), squares(start(3)));
        let (mut p2, mut m2, mut v2) = (p.clone(), m.clone(), v.clone());
        let g = start(4);
        assert!(adam_f32(&mut p, &mut m, &mut v, &g, c));
        assert!(adam_f32_body(&mut p2, &mut m2, &mut v2, &g, c));
        assert_eq!((p, m, v), (p2, m2, v2));
    }

    #[test]
    fn a_non_finite_gradient_is_reported() {
        let c = AdamStep {
            mix_m: 0.1,
            keep_v: 0.9,
            mix_v: 0.1,
            root_correction: 1.0,
            epsilon: 1e-8,
            step_size: 1e-3,
        };
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let (mut p, mut m, mut v) = (vec![0.0; 9], vec![0.0; 9], vec![0.0; 9]);
            let mut g = vec![1.0; 9];
            g[7] = bad;
            assert!(!adam_f64(&mut p, &mut m, &mut v, &g, c));
        }
    }
}
