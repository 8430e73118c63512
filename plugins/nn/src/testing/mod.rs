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

use plugin_api::{Code, Learner};

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
