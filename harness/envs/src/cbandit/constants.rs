//! The random network behind the optimal action, pinned as data.
//!
//! `W1` (4x8, entries 1.5 N(0,1)), `b` (8, entries U[-1,1)) and `W2` (8x6, entries N(0,1)/sqrt(8)) are drawn once from
//! [`SEED`]. Results depend on the draw, so the numbers are committed in `data/cbandit_constants.csv` and read from
//! there; [`draw`] exists to prove where they come from.

use std::sync::LazyLock;

use manifest::random::Stream;
use sha2::{Digest, Sha256};

use super::{ACTION_DIM, HIDDEN_DIM, STATE_DIM};

/// The seed of the draw. Not tuned: the first one.
pub const SEED: u64 = 0;

/// SHA-256 of the committed file.
pub const SHA256: &str = "5f89e5a80cc212ad4c54baa00915fa1f1ebb6c3ffc8d2d6e6b9a9b2469ce6479";

/// The committed file: a line `name,row,column,value` per entry, decimals that read back to the same `f64`.
pub const FILE: &str = include_str!("../../data/cbandit_constants.csv");

/// The weights of `a*(s) = 0.7 tanh(1.5 sin(s W1 + b) W2)`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Constants {
    /// First layer, state x hidden.
    pub w1: [[f64; HIDDEN_DIM]; STATE_DIM],
    /// Phase of every hidden unit.
    pub b: [f64; HIDDEN_DIM],
    /// Second layer, hidden x action.
    pub w2: [[f64; ACTION_DIM]; HIDDEN_DIM],
}

/// Draws the constants from [`SEED`]: `W1` row by row, then `b`, then `W2` row by row, each from its own stream.
pub fn draw() -> Constants {
    let stream = |name| Stream::new(SEED, &["envs", "cbandit/default-v0", name]);
    let (mut w1, mut b, mut w2) = (stream("w1"), stream("b"), stream("w2"));
    Constants {
        w1: std::array::from_fn(|_| std::array::from_fn(|_| 1.5 * w1.normal())),
        b: std::array::from_fn(|_| b.uniform_in(-1.0, 1.0)),
        w2: std::array::from_fn(|_| std::array::from_fn(|_| w2.normal() / libm::sqrt(8.0))),
    }
}

/// Writes constants in the format of [`FILE`].
pub fn to_csv(constants: &Constants) -> String {
    let mut text = String::from("name,row,column,value\n");
    let mut push = |name: &str, row: usize, values: &[f64]| {
        for (column, value) in values.iter().enumerate() {
            text.push_str(&format!("{name},{row},{column},{value:?}\n"));
        }
    };
    for (row, values) in constants.w1.iter().enumerate() {
        push("w1", row, values);
    }
    push("b", 0, &constants.b);
    for (row, values) in constants.w2.iter().enumerate() {
        push("w2", row, values);
    }
    text
}

/// The pinned constants.
pub fn pinned() -> &'static Constants {
    static PINNED: LazyLock<Constants> =
        LazyLock::new(|| parse(FILE).expect("the committed constants have the pinned format"));
    &PINNED
}

fn parse(text: &str) -> Option<Constants> {
    let mut c = Constants {
        w1: Default::default(),
        b: [0.0; HIDDEN_DIM],
        w2: Default::default(),
    };
    let mut entries = 0;
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        let name = fields.next()?;
        let row: usize = fields.next()?.parse().ok()?;
        let column: usize = fields.next()?.parse().ok()?;
        let value: f64 = fields.next()?.parse().ok()?;
        let slot = match name {
            "w1" => c.w1.get_mut(row)?.get_mut(column)?,
            "b" => c.b.get_mut(column)?,
            "w2" => c.w2.get_mut(row)?.get_mut(column)?,
            _ => return None,
        };
        *slot = value;
        entries += 1;
    }
    (entries == STATE_DIM * HIDDEN_DIM + HIDDEN_DIM + HIDDEN_DIM * ACTION_DIM).then_some(c)
}

/// SHA-256 of [`FILE`], lower-case hexadecimal.
pub fn file_sha256() -> String {
    Sha256::digest(FILE.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_reproduces_the_committed_constants_bit_for_bit() {
        assert_eq!(to_csv(&draw()), FILE);
        assert_eq!(&draw(), pinned());
    }

    #[test]
    fn the_committed_file_has_the_pinned_digest() {
        assert_eq!(file_sha256(), SHA256);
    }

    #[test]
    fn a_damaged_file_is_not_read() {
        assert!(parse(&FILE.replacen("w2,7,5", "w2,8,5", 1)).is_none());
        assert!(parse(FILE.trim_end().rsplit_once('\n').unwrap().0).is_none());
    }
}
