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
enum Code {
    Features(Features),
    Standard(Vec<Option<Standard>>),
}

/// Mean and divisor of an entry.
#[derive(Clone, Copy, Debug)]
struct Standard {
    mean: f64,
    divisor: f64,
}

/// What is added to a deviation, as TD3+BC and CORL do, so that a constant entry does not become infinite.
const SMALLEST_DEVIATION: f64 = 1e-3;

#[derive(Clone, Debug)]
struct Features {
    entries: Vec<usize>,
    low: f64,
    high: f64,
    /// Width of a feature, `(high - low) / n`.
    delta: f64,
    /// Coefficients of the linear code `[n]`, the same for every entry; absent for the tanh code.
    weights: Option<Vec<f64>>,
}

impl Transform {
    /// States with `dim` entries as they are.
    pub(crate) fn identity(dim: usize) -> Self {
        Self {
            blocks: (0..dim).map(|i| i..i + 1).collect(),
            code: None,
        }
    }

    /// The transform `spec` of states with `dim` entries; `states` are all of the data, row-major.
    ///
    /// # Errors
    /// An entry that the state lacks.
    pub(crate) fn new(spec: &TransformSpec, dim: usize, states: &[f32]) -> Result<Self, String> {
        if let Some(beyond) = spec.entries.iter().find(|&&i| i >= dim) {
            return Err(format!(
                "the transform codes entry {beyond} of states that have {dim} entries"
            ));
        }
        if spec.kind == TransformKind::Standardize {
            return Ok(Self {
                code: Some(Code::Standard(standards(&spec.entries, dim, states))),
                ..Self::identity(dim)
            });
        }
        let width = |i| {
            if spec.entries.contains(&i) {
                spec.features as usize
            } else {
                1
            }
        };
        let mut end = 0;
        let blocks = (0..dim).map(|i| {
            let start = end;
            end += width(i);
            start..end
        });
        Ok(Self {
            blocks: blocks.collect(),
            code: Some(Code::Features(Features::new(spec))),
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
            Some(Code::Features(code)) if code.entries.contains(&i) => {
                code.encode(f64::from(x), out);
            }
            Some(Code::Standard(all)) => out[0] = all[i].map_or(x, |s| s.encode(x)),
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
        if self.is_identity() {
            return codes.to_vec();
        }
        let mut out = Vec::with_capacity(codes.len() / self.dim() * self.blocks.len());
        for encoded in codes.chunks_exact(self.dim()) {
            for (i, block) in self.blocks.iter().enumerate() {
                out.push(self.decode_entry(i, &encoded[block.clone()]));
            }
        }
        out
    }

    /// The goals behind codes of goals made of `entries`, row-major, to rounding.
    pub(crate) fn decode_goals(&self, codes: &[f32], entries: &[usize]) -> Vec<f32> {
        if self.is_identity() {
            return codes.to_vec();
        }
        let mut out = Vec::new();
        for encoded in codes.chunks_exact(self.goal_dim(entries).max(1)) {
            let mut rest = encoded;
            for &i in entries {
                let (features, after) = rest.split_at(self.blocks[i].len());
                rest = after;
                out.push(self.decode_entry(i, features));
            }
        }
        out
    }

    fn decode_entry(&self, i: usize, features: &[f32]) -> f32 {
        match &self.code {
            Some(Code::Features(code)) if code.entries.contains(&i) => code.decode(features),
            Some(Code::Standard(all)) => all[i].map_or(features[0], |s| s.decode(features[0])),
            _ => features[0],
        }
    }
}

/// Mean and divisor of each of `entries` (all where none is named) over `states`, row-major; none for the other entries.
fn standards(entries: &[usize], dim: usize, states: &[f32]) -> Vec<Option<Standard>> {
    let rows = (states.len() / dim.max(1)).max(1) as f64;
    let of = |i: usize| {
        let values = || states.iter().skip(i).step_by(dim).map(|&x| f64::from(x));
        let mean = values().sum::<f64>() / rows;
        let variance = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / rows;
        Standard {
            mean,
            divisor: variance.sqrt() + SMALLEST_DEVIATION,
        }
    };
    let coded = |i: &usize| entries.is_empty() || entries.contains(i);
    (0..dim).map(|i| coded(&i).then(|| of(i))).collect()
}

impl Standard {
    fn encode(self, x: f32) -> f32 {
        ((f64::from(x) - self.mean) / self.divisor) as f32
    }

    fn decode(self, x: f32) -> f32 {
        (f64::from(x) * self.divisor + self.mean) as f32
    }
}

impl Features {
    fn new(spec: &TransformSpec) -> Self {
        let n = spec.features as usize;
        let mut random = Stream::new(spec.seed, &[STREAM]);
        let is_linear = spec.kind == TransformKind::LinearCode;
        let weights = is_linear.then(|| (0..n).map(|_| random.normal()).collect());
        // A manifest without them is refused.
        let (low, high) = (spec.low.unwrap_or(-1.0), spec.high.unwrap_or(1.0));
        Self {
            entries: spec.entries.clone(),
            low,
            high,
            delta: (high - low) / n as f64,
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
            *feature = match &self.weights {
                Some(weights) => weights[i] * (x - self.middle()) / self.half(),
                None => libm::tanh((x - self.centre(i, n)) / self.delta),
            } as f32;
        }
    }

    fn decode(&self, features: &[f32]) -> f32 {
        let n = features.len();
        let x = match &self.weights {
            // The feature nearest to zero is the steepest, so it holds the entry best.
            None => {
                let nearest =
                    (0..n).min_by(|&i, &j| features[i].abs().total_cmp(&features[j].abs()));
                let i = nearest.unwrap_or(0);
                let feature = f64::from(features[i]).clamp(-1.0 + 1e-7, 1.0 - 1e-7);
                self.centre(i, n) + self.delta * libm::atanh(feature)
            }
            Some(weights) => {
                let pairs = features.iter().zip(weights);
                let dot: f64 = pairs.map(|(&f, w)| f64::from(f) * w).sum();
                let norm: f64 = weights.iter().map(|w| w * w).sum();
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
            low: Some(0.0),
            high: Some(35.0),
            features: 32,
            seed: 0,
        }
    }

    const STATES: [f32; 8] = [0.0, -7.5, 17.3, 4.0, 35.0, 0.1, 3.25, -1.0];

    #[test]
    fn codes_have_the_published_width_and_features() {
        let transform = Transform::new(&spec(TransformKind::TanhCode), 4, &[]).unwrap();
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
            let transform = Transform::new(&spec(kind), 4, &[]).unwrap();
            let decoded = transform.decode_all(&transform.encode_all(&STATES));
            for (x, y) in STATES.iter().zip(&decoded) {
                assert!((x - y).abs() < 1e-4, "{kind:?}: {x} came back as {y}");
            }
        }
    }

    #[test]
    fn a_goal_is_coded_as_the_state_it_is_taken_from() {
        let transform = Transform::new(&spec(TransformKind::TanhCode), 4, &[]).unwrap();
        let codes = transform.encode_all(&STATES);
        let mut from_state = Vec::new();
        transform.goal_of(&codes[..66], &[2, 1], &mut from_state);
        assert_eq!(from_state.len(), transform.goal_dim(&[2, 1]));
        assert_eq!(transform.encode_goals(&[17.3, -7.5], &[2, 1]), from_state);
        let back = transform.decode_goals(&from_state, &[2, 1]);
        assert!((back[0] - 17.3).abs() < 1e-4 && back[1] == -7.5, "{back:?}");
    }

    #[test]
    fn standardized_states_have_mean_zero_and_nearly_unit_deviation() {
        let mut all = TransformSpec {
            entries: Vec::new(),
            low: None,
            high: None,
            ..spec(TransformKind::Standardize)
        };
        let states: Vec<f32> = (0..400)
            .flat_map(|i| [i as f32, -3.0 * i as f32 + 7.0, 5.0])
            .collect();
        let transform = Transform::new(&all, 3, &states).unwrap();
        assert_eq!(transform.dim(), 3);
        let codes = transform.encode_all(&states);
        for entry in 0..2 {
            let of = || codes.iter().skip(entry).step_by(3).map(|&x| f64::from(x));
            let mean = of().sum::<f64>() / 400.0;
            let variance = of().map(|x| x * x).sum::<f64>() / 400.0;
            assert!(
                mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-4,
                "{mean} {variance}"
            );
        }
        // A constant entry is zero, not infinite.
        assert!(codes.iter().skip(2).step_by(3).all(|&x| x == 0.0));
        for (x, y) in states.iter().zip(transform.decode_all(&codes)) {
            assert!((x - y).abs() < 1e-3, "{x} came back as {y}");
        }
        all.entries = vec![1];
        let one = Transform::new(&all, 3, &states).unwrap();
        assert_eq!(
            one.encode_all(&states[..3]),
            [states[0], codes[1], states[2]]
        );
        let goal = one.encode_goals(&[7.0, 2.0], &[1, 2]);
        assert_eq!(goal, [codes[1], 2.0]);
        assert_eq!(one.decode_goals(&goal, &[1, 2])[1], 2.0);
    }

    #[test]
    fn an_entry_that_is_not_there_is_refused() {
        let error = Transform::new(&spec(TransformKind::TanhCode), 2, &[]).unwrap_err();
        assert!(error.contains("entry 2"), "{error}");
    }
}
