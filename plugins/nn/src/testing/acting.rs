//! Scenes of learners that have nothing to train and work while they act.

use super::driver::Driver;
use super::quadratic::Quadratic;
use plugin_api::serve::Instance;
use plugin_api::{Code, Learner};

/// Two states, `[2, 3]`.
pub const STATES: [f64; 6] = [0.5, -0.25, 0.8, -0.1, 0.9, 0.3];

/// A policy with mean `0.2 s'` and deviation 0.2 in two dimensions, below a critic that is largest at `0.6 s'`.
pub fn stages() -> Instance<Quadratic> {
    Instance::new(Quadratic::new(0.6, 0.2, 2))
}

/// For comparisons bit for bit.
pub fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Asserts that updates change nothing, that what is saved loads, and that cut, overlong and foreign bytes are refused.
pub fn check_stateless<'h, L: Learner>(mut fresh: impl FnMut() -> Driver<'h, L>) {
    let (mut first, mut second) = (fresh(), fresh());
    let state = first.save().expect("saves");
    first.update(3).expect("does nothing");
    assert_eq!(first.save().expect("saves"), state);
    second.load(&state).expect("loads");
    let long = [&state[..], &[0]].concat();
    for bytes in [&state[..state.len() - 1], &long[..], b"ASSAYST1"] {
        let refusal = second.load(bytes).expect_err("a damaged state is refused");
        assert_eq!(refusal.code, Code::InvalidState, "{refusal}");
    }
}
