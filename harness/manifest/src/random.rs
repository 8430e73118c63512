//! The one source of random numbers: streams addressed by seed, name and position.
//!
//! A stream is a ChaCha8 generator whose 256-bit key is the SHA-256 of the seed and a path of names, and whose
//! 64-bit nonce is a position (a training step, an episode, a bootstrap replicate). A draw is therefore a function of
//! `(seed, path, position)` alone: it depends on no thread count, no earlier draw and no machine. Transcendental
//! functions come from the `libm` crate, because system libraries differ in the last bit.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A family of random streams: everything but the position is fixed.
#[derive(Clone, Debug)]
pub struct Family {
    rng: ChaCha8Rng,
}

impl Family {
    /// The family named by `path` under `seed`, e.g. `Family::new(seed, &["batch", "value"])`.
    pub fn new(seed: u64, path: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"assay/random/1");
        hash.update(seed.to_le_bytes());
        for name in path {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        Self {
            rng: ChaCha8Rng::from_seed(hash.finalize().into()),
        }
    }

    /// The stream at `position`, at its start.
    pub fn at(&self, position: u64) -> Stream {
        let mut rng = self.rng.clone();
        rng.set_stream(position);
        rng.set_word_pos(0);
        Stream { rng }
    }
}

/// A sequence of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// The stream of `Family::new(seed, path)` at position 0.
    pub fn new(seed: u64, path: &[&str]) -> Self {
        Family::new(seed, path).at(0)
    }

    /// 64 uniform bits.
    pub fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform integer in `0..n` by multiply-and-shift; the bias is below `n / 2^64`. Panics when `n == 0`.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "cannot draw an index from an empty range");
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// Uniform in `[0, 1)` with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `[low, high)`.
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Standard normal by Box and Muller's transform (cosine branch; two uniforms a draw).
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.uniform();
        let v = self.uniform();
        libm::sqrt(-2.0 * libm::log(u)) * libm::cos(std::f64::consts::TAU * v)
    }

    /// Fills `out` with standard normals in single precision.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        for x in out {
            *x = self.normal() as f32;
        }
    }

    /// Fills `out` with uniforms in `[0, 1)` in single precision.
    pub fn fill_uniform(&mut self, out: &mut [f32]) {
        for x in out {
            *x = (self.next_u64() >> 40) as f32 * (1.0 / (1u32 << 24) as f32);
        }
    }

    /// A uniform permutation of `0..n` (Fisher and Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let j = self.below(i as u64 + 1) as usize;
            order.swap(i, j);
        }
        order
    }
}
