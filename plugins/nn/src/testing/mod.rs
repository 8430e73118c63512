//! For the tests of learner plugins: an in-memory host, a driver that goes through the C boundary, a critic whose values are
//! known in closed form, an encoder that is, and a finite process whose values can be computed.

mod acting;
mod coded;
mod critic;
mod driver;
mod golden;
mod host;
mod quadratic;
mod tabular;

pub use acting::{STATES, bits, check_stateless, stages};
pub use coded::{Coded, check_encoded};
pub use critic::KnownCritic;
pub use driver::{Driver, Nothing};
pub use golden::{Case, Golden, Values};
pub use host::{Data, FakeHost};
pub use quadratic::{Asked, Quadratic};
pub use tabular::{Table, Tabular, number, one_hot};

use plugin_api::{Code, Learner, Precision};
use tch::{Kind, Tensor};

/// Asserts that training 20 updates equals training 7, saving, loading into a fresh instance and training 13, byte for
/// byte, and that cut, overlong and foreign bytes are refused.
pub fn check_resume<'h, L: Learner>(fresh: impl Fn() -> Driver<'h, L>) {
    let mut whole = fresh();
    whole.update(20).expect("trains");
    let expected = whole.save().expect("saves");

    let mut first = fresh();
    first.update(7).expect("trains");
    let state = first.save().expect("saves");
    let mut second = fresh();
    second.update(3).expect("trains");
    second.load(&state).expect("loads");
    assert_eq!(second.save().expect("saves"), state, "load then save");
    second.update(13).expect("trains");
    assert!(
        second.save().expect("saves") == expected,
        "resumed differs from uninterrupted"
    );

    let mut other = expected.clone();
    other[40] ^= 0x20;
    let long = [&expected[..], &[0]].concat();
    for bytes in [
        &[][..],
        &expected[..expected.len() / 2],
        &other[..],
        &long[..],
    ] {
        let refusal = fresh().load(bytes).expect_err("a damaged state is refused");
        assert_eq!(refusal.code, Code::InvalidState, "{refusal}");
    }
}

/// Asserts that what follows a terminal row never enters training, and that what follows another one does. `hyper` trains on at least four rows
/// without goals or next actions.
pub fn check_terminal_rows<L: Learner>(mut data: Data, hyper: &str) {
    let train = |data: &Data| {
        let host = FakeHost::whole(data.clone(), Precision::F64);
        let mut learner = Driver::<L>::new(&host, 5, hyper).expect("creates");
        learner.update(5).expect("trains");
        learner.save().expect("saves")
    };
    let beyond = 3 * data.observation_dim;
    data.terminated.fill(1.0);
    data.terminated[3] = 0.0;
    let plain = train(&data);
    data.next_observation[..beyond].fill(f64::NAN);
    assert!(train(&data) == plain, "what follows a terminal row is used");
    data.next_observation[beyond] += 0.1;
    assert!(train(&data) != plain, "row 3 goes on");
}

/// Asserts that a reward that is not a number stops the first update, which names `loss`.
pub fn check_bad_reward<L: Learner>(mut data: Data, loss: &str, hyper: &str) {
    data.reward[4] = f64::NAN;
    let host = FakeHost::whole(data, Precision::F32);
    let mut learner = Driver::<L>::new(&host, 5, hyper).expect("creates");
    let failure = learner.update(5).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    let expected = format!("{loss} is NaN in update 1");
    assert!(failure.message.contains(&expected), "{failure}");
}

/// The elements of a tensor, row-major.
pub fn numbers(tensor: &Tensor) -> Vec<f64> {
    let flat = tensor.to_kind(Kind::Double).contiguous().view(-1);
    Vec::try_from(&flat).expect("float64")
}
