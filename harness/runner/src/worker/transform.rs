//! States as learners and policies see them, entry by entry, beside the states themselves.

use manifest::random::Stream;
use manifest::{TransformKind, TransformSpec};
use std::ops::Range;

/// Names the stream of a linear code's coefficients.
const STREAM: &str = "transform";

/// A re-encoding of states: every coded entry becomes a block of features, every other entry stays one number.
#[derive(Clone, Debug)]
pub(crate) struct Transform {
    /// Block of each entry of a state in the encoded state.
    blocks: Vec<Range<usize>>,
    code: Option<Code>,
}

#[derive(Clone, Debug)]
struct Code {
    kind: TransformKind,
    entries: Vec<usize>,
    low: f64,
    high: f64,
    /// Width of a feature, `(high - low) / n`.
    delta: f64,
    /// Coefficients of the linear code `[n]`, the same for every entry.
    weights: Vec<f64>,
}

impl Transform {
    /// The transform `spec` of states with `dim` entries; without one, states stay as they are.
    ///
    /// # Errors
    /// An entry that the state lacks.
    pub(crate) fn new(spec: Option<&TransformSpec>, dim: usize) -> Result<Self, String> {
        let coded = |i: usize| spec.is_some_and(|s| s.entries.contains(&i));
        if let Some(beyond) = spec.and_then(|s| s.entries.iter().find(|&&i| i >= dim)) {
            return Err(format!(
                "the transform codes entry {beyond} of states that have {dim} entries"
            ));
        }
        let width = |i| match spec {
            Some(spec) if coded(i) => spec.features as usize,
            _ => 1,
        };
        let mut end = 0;
        let blocks = (0..dim).map(|i| {
            let start = end;
            end += width(i);
            start..end
        });
        Ok(Self {
            blocks: blocks.collect(),
            code: spec.map(Code::new),
        })
    }

    /// Whether states stay as they are.
    pub(crate) fn is_identity(&self) -> bool {
        self.code.is_none()
    }

    /// Entries of an encoded state.
    pub(crate) fn dim(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.end)
    }

    /// Entries of an encoded goal that is made of `entries` of a state.
    pub(crate) fn goal_dim(&self, entries: &[usize]) -> usize {
        entries.iter().map(|&i| self.blocks[i].len()).sum()
    }

    /// Appends the goal made of `entries` of the encoded state `state`.
    pub(crate) fn goal_of(&self, state: &[f32], entries: &[usize], out: &mut Vec<f32>) {
        for &i in entries {
            out.extend_from_slice(&state[self.blocks[i].clone()]);
        }
    }

    /// Writes the code of one state.
    pub(crate) fn encode(&self, state: &[f32], out: &mut [f32]) {
        for (i, (&x, block)) in state.iter().zip(&self.blocks).enumerate() {
            self.encode_entry(i, x, &mut out[block.clone()]);
        }
    }

    fn encode_entry(&self, i: usize, x: f32, out: &mut [f32]) {
        match &self.code {
            Some(code) if code.entries.contains(&i) => code.encode(f64::from(x), out),
            _ => out[0] = x,
        }
    }

    /// Codes of states, row-major.
    pub(crate) fn encode_all(&self, states: &[f32]) -> Vec<f32> {
        if self.is_identity() {
            return states.to_vec();
        }
        let mut out = vec![0.0; states.len() / self.blocks.len() * self.dim()];
        let pairs = states
            .chunks_exact(self.blocks.len())
            .zip(out.chunks_exact_mut(self.dim()));
        pairs.for_each(|(from, to)| self.encode(from, to));
        out
    }

    /// Codes of goals made of `entries`, row-major.
    pub(crate) fn encode_goals(&self, goals: &[f32], entries: &[usize]) -> Vec<f32> {
        let mut out = Vec::with_capacity(goals.len());
        for goal in goals.chunks_exact(entries.len()) {
            for (&x, &i) in goal.iter().zip(entries) {
                let start = out.len();
                out.resize(start + self.blocks[i].len(), 0.0);
                self.encode_entry(i, x, &mut out[start..]);
            }
        }
        out
    }

    /// The states behind codes, row-major, to rounding.
    pub(crate) fn decode_all(&self, codes: &[f32]) -> Vec<f32> {
        let Some(code) = &self.code else {
            return codes.to_vec();
        };
        let mut out = Vec::with_capacity(codes.len() / self.dim() * self.blocks.len());
        for encoded in codes.chunks_exact(self.dim()) {
            for (i, block) in self.blocks.iter().enumerate() {
                let features = &encoded[block.clone()];
                out.push(if code.entries.contains(&i) {
                    code.decode(features)
                } else {
                    features[0]
                });
            }
        }
        out
    }

    /// The goals behind codes of goals made of `entries`, row-major, to rounding.
    pub(crate) fn decode_goals(&self, codes: &[f32], entries: &[usize]) -> Vec<f32> {
        let Some(code) = &self.code else {
            return codes.to_vec();
        };
        let mut out = Vec::new();
        for encoded in codes.chunks_exact(self.goal_dim(entries).max(1)) {
            let mut rest = encoded;
            for &i in entries {
                let (features, after) = rest.split_at(self.blocks[i].len());
                rest = after;
                out.push(if code.entries.contains(&i) {
                    code.decode(features)
                } else {
                    features[0]
                });
            }
        }
        out
    }
}

impl Code {
    fn new(spec: &TransformSpec) -> Self {
        let n = spec.features as usize;
        let mut random = Stream::new(spec.seed, &[STREAM]);
        let weights = match spec.kind {
            TransformKind::TanhCode => Vec::new(),
            TransformKind::LinearCode => (0..n).map(|_| random.normal()).collect(),
        };
        Self {
            kind: spec.kind,
            entries: spec.entries.clone(),
            low: spec.low,
            high: spec.high,
            delta: (spec.high - spec.low) / n as f64,
            weights,
        }
    }

    fn centre(&self, i: usize, n: usize) -> f64 {
        self.low + (self.high - self.low) * i as f64 / (n - 1) as f64
    }

    fn middle(&self) -> f64 {
        0.5 * (self.low + self.high)
    }

    fn half(&self) -> f64 {
        0.5 * (self.high - self.low)
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        let n = out.len();
        for (i, feature) in out.iter_mut().enumerate() {
            *feature = match self.kind {
                TransformKind::TanhCode => libm::tanh((x - self.centre(i, n)) / self.delta),
                TransformKind::LinearCode => self.weights[i] * (x - self.middle()) / self.half(),
            } as f32;
        }
    }

    fn decode(&self, features: &[f32]) -> f32 {
        let n = features.len();
        let x = match self.kind {
            // The feature nearest to zero is the steepest, so it holds the entry best.
            TransformKind::TanhCode => {
                let nearest =
                    (0..n).min_by(|&i, &j| features[i].abs().total_cmp(&features[j].abs()));
                let i = nearest.unwrap_or(0);
                let feature = f64::from(features[i]).clamp(-1.0 + 1e-7, 1.0 - 1e-7);
                self.centre(i, n) + self.delta * libm::atanh(feature)
            }
            TransformKind::LinearCode => {
                let dot: f64 = features
                    .iter()
                    .zip(&self.weights)
                    .map(|(&f, w)| f64::from(f) * w)
                    .sum();
                let norm: f64 = self.weights.iter().map(|w| w * w).sum();
                self.middle() + self.half() * dot / norm
            }
        };
        x as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: TransformKind) -> TransformSpec {
        TransformSpec {
            kind,
            entries: vec![0, 2],
            low: 0.0,
            high: 35.0,
            features: 32,
            seed: 0,
        }
    }

    const STATES: [f32; 8] = [0.0, -7.5, 17.3, 4.0, 35.0, 0.1, 3.25, -1.0];

    #[test]
    fn codes_have_the_published_width_and_features() {
        let transform = Transform::new(Some(&spec(TransformKind::TanhCode)), 4).unwrap();
        assert_eq!(transform.dim(), 66);
        let codes = transform.encode_all(&STATES);
        let delta = 35.0_f64 / 32.0;
        for i in 0..32 {
            let centre = 35.0 * i as f64 / 31.0;
            let expected = ((35.0 - centre) / delta).tanh() as f32;
            assert!((codes[66 + i] - expected).abs() < 1e-6, "feature {i}");
        }
        assert_eq!((codes[32], codes[65]), (-7.5, 4.0));
    }

    #[test]
    fn decoding_gives_the_states_back() {
        for kind in [TransformKind::TanhCode, TransformKind::LinearCode] {
            let transform = Transform::new(Some(&spec(kind)), 4).unwrap();
            let decoded = transform.decode_all(&transform.encode_all(&STATES));
            for (x, y) in STATES.iter().zip(&decoded) {
                assert!((x - y).abs() < 1e-4, "{kind:?}: {x} came back as {y}");
            }
        }
    }

    #[test]
    fn a_goal_is_coded_as_the_state_it_is_taken_from() {
        let transform = Transform::new(Some(&spec(TransformKind::TanhCode)), 4).unwrap();
        let codes = transform.encode_all(&STATES);
        let mut from_state = Vec::new();
        transform.goal_of(&codes[..66], &[2, 1], &mut from_state);
        assert_eq!(from_state.len(), transform.goal_dim(&[2, 1]));
        assert_eq!(transform.encode_goals(&[17.3, -7.5], &[2, 1]), from_state);
        let back = transform.decode_goals(&from_state, &[2, 1]);
        assert!((back[0] - 17.3).abs() < 1e-4 && back[1] == -7.5, "{back:?}");
    }

    #[test]
    fn an_entry_that_is_not_there_is_refused() {
        let error = Transform::new(Some(&spec(TransformKind::TanhCode)), 2).unwrap_err();
        assert!(error.contains("entry 2"), "{error}");
    }
}
