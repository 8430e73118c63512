//! Adam over a flat parameter set, with a state that can be saved.

#![allow(
    unsafe_code,
    reason = "the fused pass works on the memory of libtorch's tensors"
)]

use crate::choices::Schedule;
use crate::kernels::{AdamStep, adam_f32, adam_f64};
use crate::params::ParamSet;
use crate::state::{StateReader, StateWriter};
use plugin_api::{Failure, Outcome};
use std::ffi::c_void;
use std::ops::Range;
use tch::{Kind, Tensor};

/// Constants of Adam.
#[derive(Clone, Copy, Debug)]
pub struct AdamOptions {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Course of the learning rate.
    pub schedule: Schedule,
    /// Updates over which the schedule runs.
    pub horizon: u64,
}

impl AdamOptions {
    /// The usual constants (0.9, 0.999, 1e-8).
    pub fn new(learning_rate: f64, schedule: Schedule, horizon: u64) -> Self {
        Self {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            schedule,
            horizon,
        }
    }

    /// Learning rate of the update that follows `steps` completed ones.
    fn rate(&self, steps: u64) -> f64 {
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let part = steps.min(self.horizon) as f64 / self.horizon.max(1) as f64;
                self.learning_rate * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * part))
            }
        }
    }
}

/// Kingma and Ba's Adam with bias correction, as `torch.optim.Adam`:
/// `m = b1 m + (1-b1) g`, `v = b2 v + (1-b2) g^2`, `p -= lr / (1-b1^t) * m / (sqrt(v) / sqrt(1-b2^t) + eps)`.
pub struct Adam {
    options: AdamOptions,
    m: Tensor,
    v: Tensor,
    steps: u64,
}

impl Adam {
    /// A fresh optimiser for `params`.
    pub fn new(params: &ParamSet, options: AdamOptions) -> Self {
        Self {
            options,
            m: params.flat().zeros_like(),
            v: params.flat().zeros_like(),
            steps: 0,
        }
    }

    /// One step down the gradient of the scalar `loss`. Parameters that the loss does not depend on stay.
    /// Errors naming the parameter when a gradient is not finite.
    pub fn descend(&mut self, params: &mut ParamSet, loss: &Tensor) -> Outcome<()> {
        let gradients = Tensor::run_backward(&[loss], params.live(), false, false);
        self.apply(params, &gradients)
    }

    /// One step along given gradients, one per parameter in order.
    pub fn apply(&mut self, params: &mut ParamSet, gradients: &[Tensor]) -> Outcome<()> {
        let o = &self.options;
        let rate = o.rate(self.steps);
        self.steps += 1;
        let t = self.steps as f64;
        let step = AdamStep {
            mix_m: 1.0 - o.beta1,
            keep_v: o.beta2,
            mix_v: 1.0 - o.beta2,
            root_correction: libm::sqrt(1.0 - libm::pow(o.beta2, t)),
            epsilon: o.epsilon,
            step_size: rate / (1.0 - libm::pow(o.beta1, t)),
        };
        let single = params.flat().kind() == Kind::Float;
        for ((name, range), gradient) in params.ranges().zip(gradients) {
            // The loss does not depend on this parameter, e.g. a squared error on a standard deviation.
            if !gradient.defined() {
                continue;
            }
            let gradient = gradient.contiguous();
            assert_eq!(gradient.numel(), range.len(), "gradient of `{name}`");
            let starts = [params.flat(), &self.m, &self.v].map(Tensor::data_ptr);
            // SAFETY: the three flat tensors are contiguous, of one kind and length, distinct, and used by nothing else
            // during the call; `range` lies inside them, and the gradient is contiguous with `range.len()` elements.
            let finite = unsafe {
                if single {
                    let [p, m, v] = starts.map(|t| part::<f32>(t, &range));
                    adam_f32(p, m, v, slice::<f32>(&gradient), step)
                } else {
                    let [p, m, v] = starts.map(|t| part::<f64>(t, &range));
                    adam_f64(p, m, v, slice::<f64>(&gradient), step)
                }
            };
            if !finite {
                return Err(Failure::non_finite(format!(
                    "the gradient of `{name}` is not finite at optimiser step {}",
                    self.steps
                )));
            }
        }
        Ok(())
    }

    /// Writes moments and step count under `prefix`.
    pub fn save(&self, prefix: &str, out: &mut StateWriter<'_>) -> Outcome<()> {
        out.integer(&format!("{prefix}/steps"), self.steps)?;
        out.tensor(&format!("{prefix}/m"), &self.m)?;
        out.tensor(&format!("{prefix}/v"), &self.v)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, prefix: &str, from: &mut StateReader<'_>) -> Outcome<()> {
        self.steps = from.integer(&format!("{prefix}/steps"))?;
        from.tensor(&format!("{prefix}/m"), &mut self.m)?;
        from.tensor(&format!("{prefix}/v"), &mut self.v)
    }
}

/// # Safety
/// `start` must point to elements of `T` of which `range` exist and are not used elsewhere while the slice lives.
unsafe fn part<'a, T>(start: *mut c_void, range: &Range<usize>) -> &'a mut [T] {
    // SAFETY: forwarded from the caller.
    unsafe { std::slice::from_raw_parts_mut(start.cast::<T>().add(range.start), range.len()) }
}

/// # Safety
/// `tensor` must be contiguous with elements of `T`.
unsafe fn slice<T>(tensor: &Tensor) -> &[T] {
    // SAFETY: forwarded from the caller.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<T>(), tensor.numel()) }
}
