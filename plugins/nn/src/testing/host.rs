//! A host over a table in memory.

#![allow(
    unsafe_code,
    reason = "the fake host implements the C side of the boundary"
)]

use plugin_api::abi::{self, DLTensor};
use plugin_api::{Array, BatchRequest, Failure, Goals, Host, Outcome, Precision, Problem, raw};
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::c_void;

/// A dataset in memory; every array is row-major.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Data {
    /// S
    pub observation_dim: usize,
    /// A
    pub action_dim: usize,
    /// G
    pub goal_dim: usize,
    /// `[n, S]`
    pub observation: Vec<f64>,
    /// `[n, A]`
    pub action: Vec<f64>,
    /// `[n]`
    pub reward: Vec<f64>,
    /// `[n]`
    pub terminated: Vec<f64>,
    /// `[n, S]`
    pub next_observation: Vec<f64>,
    /// `[n, G]`, empty without goals. What every request for goals gives: rewards and terminations are those for it.
    pub goal: Vec<f64>,
    /// `[n, A]`, empty where requests for next actions are refused.
    #[serde(default)]
    pub next_action: Vec<f64>,
    /// Number of discrete actions, whose indices `action` then holds with `A` = 1; 0 where actions are continuous.
    #[serde(default)]
    pub action_count: usize,
    /// Channels, height and width where observations are images, else zeros.
    #[serde(default)]
    pub observation_shape: [usize; 3],
}

impl Data {
    /// `count` one-step episodes with states in `[-1, 1]^S` and actions drawn around `mean(s)` with deviation `noise`
    /// (uniform, clipped to `[-1, 1]`), rewarded by `reward(s, a)`.
    pub fn bandit(
        (observation_dim, action_dim, count): (usize, usize, usize),
        noise: f64,
        mean: impl Fn(&[f64], usize) -> f64,
        reward: impl Fn(&[f64], &[f64]) -> f64,
    ) -> Self {
        let mut data = Self {
            observation_dim,
            action_dim,
            ..Self::default()
        };
        let mut position = 0;
        let mut unit = || {
            position += 1;
            2.0 * uniform(17, "data", position) - 1.0
        };
        for _ in 0..count {
            let s: Vec<f64> = (0..observation_dim).map(|_| unit()).collect();
            let a: Vec<f64> = (0..action_dim)
                .map(|i| (mean(&s, i) + noise * unit()).clamp(-1.0, 1.0))
                .collect();
            data.reward.push(reward(&s, &a));
            data.terminated.push(1.0);
            data.next_observation.extend(&s);
            data.observation.extend(s);
            data.action.extend(a);
        }
        data
    }

    /// Transitions.
    pub fn rows(&self) -> usize {
        self.reward.len()
    }
}

struct Lent {
    _arrays: Vec<Array>,
    tensors: Box<[DLTensor]>,
}

/// A host over [`Data`]. Its random numbers are a mixing function of (seed, stream, position): good enough for tests,
/// and independent of the project's own generator.
pub struct FakeHost {
    data: Data,
    precision: Precision,
    batch_size: usize,
    seed: u64,
    sampled: bool,
    lent: RefCell<BTreeMap<String, Lent>>,
    metrics: RefCell<Vec<(String, u64, f64)>>,
    requests: RefCell<BTreeMap<String, BatchRequest>>,
    cancelled: Cell<bool>,
}

impl FakeHost {
    /// A host whose batches are drawn uniformly with replacement.
    pub fn new(data: Data, precision: Precision, batch_size: usize, seed: u64) -> Box<Self> {
        Box::new(Self {
            data,
            precision,
            batch_size,
            seed,
            sampled: true,
            lent: RefCell::default(),
            metrics: RefCell::default(),
            requests: RefCell::default(),
            cancelled: Cell::new(false),
        })
    }

    /// A host that gives the whole table in order as every batch.
    pub fn whole(data: Data, precision: Precision) -> Box<Self> {
        let batch_size = data.rows();
        let mut host = Self::new(data, precision, batch_size, 0);
        host.sampled = false;
        host
    }

    /// The table of C functions; valid while `self` is.
    pub fn table(&self) -> abi::Host {
        abi::Host {
            struct_size: size_of::<abi::Host>() as u32,
            abi_minor: abi::ABI_MINOR,
            ctx: std::ptr::from_ref(self).cast_mut().cast(),
            batch,
            random,
            log,
            metric,
            cancelled,
            batch_with: Some(batch_with),
        }
    }

    /// The host as a plugin sees it; valid while `self` is.
    pub fn host(&self) -> Host {
        let table = self.table();
        // SAFETY: the table is copied, and its context lives as long as `self`.
        unsafe { Host::from_raw(&raw const table) }.expect("the table is complete")
    }

    /// The problem with a budget of `updates`, discount 0.9 and actions in `[-1, 1]` or indices.
    pub fn problem(&self, updates: u64) -> Problem {
        let count = self.data.action_count;
        let discrete = count > 0;
        Problem {
            precision: self.precision,
            observation_dim: self.data.observation_dim,
            action_dim: if discrete { 0 } else { self.data.action_dim },
            action_count: count,
            goal_dim: self.data.goal_dim,
            action_low: if discrete { 0.0 } else { -1.0 },
            action_high: if discrete { count as f64 - 1.0 } else { 1.0 },
            discount: 0.9,
            batch_size: self.batch_size,
            updates,
            row_count: self.data.rows(),
            observation_shape: self.data.observation_shape,
        }
    }

    /// What the last batch of a stream was asked for.
    pub fn request(&self, stream: &str) -> Option<BatchRequest> {
        self.requests.borrow().get(stream).copied()
    }

    /// The dataset.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Recorded values of a metric with their updates.
    pub fn metric(&self, name: &str) -> Vec<(u64, f64)> {
        let metrics = self.metrics.borrow();
        let of_name = metrics.iter().filter(|(n, _, _)| n == name);
        of_name
            .map(|(_, update, value)| (*update, *value))
            .collect()
    }

    /// Asks the learner to stop at its next update.
    pub fn cancel(&self) {
        self.cancelled.set(true);
    }

    /// An array of the host's precision.
    pub fn array(&self, values: &[f64], shape: &[i64]) -> Array {
        match self.precision {
            Precision::F64 => Array::from_vec(values.to_vec(), shape),
            Precision::F32 => Array::from_vec(
                values.iter().map(|x| *x as f32).collect::<Vec<f32>>(),
                shape,
            ),
        }
    }

    fn rows(&self, stream: &str, step: u64) -> Vec<usize> {
        let n = self.data.rows();
        let draw = |i: usize| {
            let position = step * self.batch_size as u64 + i as u64;
            (uniform(self.seed, stream, position) * n as f64) as usize
        };
        (0..self.batch_size)
            .map(|i| if self.sampled { draw(i) } else { i })
            .collect()
    }

    fn gather(&self, source: &[f64], width: Option<usize>, rows: &[usize]) -> Array {
        let w = width.unwrap_or(1);
        let values: Vec<f64> = rows
            .iter()
            .flat_map(|&r| source[r * w..(r + 1) * w].iter().copied())
            .collect();
        match width {
            None => self.array(&values, &[rows.len() as i64]),
            Some(w) => self.array(&values, &[rows.len() as i64, w as i64]),
        }
    }

    fn fill(
        &self,
        stream: &str,
        step: u64,
        request: BatchRequest,
        out: &mut abi::Batch,
    ) -> Outcome<()> {
        let (d, rows) = (&self.data, self.rows(stream, step));
        self.requests.borrow_mut().insert(stream.into(), request);
        let goals = request.goals != Goals::None;
        if goals && d.goal_dim == 0 || request.next_action && d.next_action.is_empty() {
            let what = format!("the table lacks what {request:?} asks for");
            return Err(Failure::invalid_argument(what));
        }
        let index: Vec<i64> = rows.iter().map(|r| *r as i64).collect();
        let mut arrays = vec![
            self.gather(&d.observation, Some(d.observation_dim), &rows),
            self.gather(&d.action, Some(d.action_dim), &rows),
            self.gather(&d.reward, None, &rows),
            self.gather(&d.terminated, None, &rows),
            self.gather(&d.next_observation, Some(d.observation_dim), &rows),
            Array::from_vec(index, &[rows.len() as i64]),
        ];
        let extras = [
            (goals, &d.goal, d.goal_dim),
            (request.next_action, &d.next_action, d.action_dim),
        ];
        let places = extras.map(|(wanted, source, width)| {
            wanted.then(|| {
                arrays.push(self.gather(source, Some(width), &rows));
                arrays.len() - 1
            })
        });
        let tensors: Box<[DLTensor]> = arrays.iter().map(|a| *a.view().as_dl()).collect();
        let mut lent = self.lent.borrow_mut();
        lent.insert(
            stream.into(),
            Lent {
                _arrays: arrays,
                tensors,
            },
        );
        let at = |i: usize| std::ptr::from_ref(&lent[stream].tensors[i]);
        out.observation = at(0);
        out.action = at(1);
        out.reward = at(2);
        out.terminated = at(3);
        out.next_observation = at(4);
        out.row = at(5);
        out.goal = places[0].map_or(std::ptr::null(), at);
        out.next_action = places[1].map_or(std::ptr::null(), at);
        Ok(())
    }
}

/// A uniform number in `[0, 1)` by SplitMix64's finaliser over seed, stream and position.
fn uniform(seed: u64, stream: &str, position: u64) -> f64 {
    let mut state = stream
        .bytes()
        .fold(seed ^ 0x9e37_79b9_7f4a_7c15, |h, byte| {
            (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    for word in [position, position.rotate_left(32)] {
        state = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    (state >> 11) as f64 / (1u64 << 53) as f64
}

/// # Safety
/// `ctx` must come from `FakeHost::table` of a living host.
unsafe fn this<'a>(ctx: *mut c_void) -> &'a FakeHost {
    // SAFETY: forwarded from the caller.
    unsafe { &*ctx.cast::<FakeHost>() }
}

unsafe extern "C" fn batch(
    ctx: *mut c_void,
    stream: abi::Str,
    step: u64,
    out: *mut abi::Batch,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(error, || {
            this(ctx).fill(raw::text(stream)?, step, BatchRequest::default(), &mut *out)
        })
    }
}

unsafe extern "C" fn batch_with(
    ctx: *mut c_void,
    stream: abi::Str,
    step: u64,
    request: *const abi::BatchRequest,
    out: *mut abi::Batch,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(error, || {
            let asked = *request;
            let request = BatchRequest {
                goals: Goals::from_code(asked.goals)?,
                next_action: asked.next_action != 0,
                held_out: asked.held_out != 0,
            };
            this(ctx).fill(raw::text(stream)?, step, request, &mut *out)
        })
    }
}

unsafe extern "C" fn random(
    ctx: *mut c_void,
    stream: abi::Str,
    position: u64,
    kind: u32,
    out: *mut f64,
    count: u64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(error, || {
            let (seed, stream) = (this(ctx).seed, raw::text(stream)?);
            let unit = |i: u64| uniform(seed ^ position, stream, i);
            for i in 0..count {
                let value = if kind == abi::UNIFORM {
                    unit(i)
                } else {
                    let radius = (-2.0 * (1.0 - unit(2 * i)).ln()).sqrt();
                    radius * (std::f64::consts::TAU * unit(2 * i + 1)).cos()
                };
                out.add(i as usize).write(value);
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn log(_ctx: *mut c_void, _level: u32, _text: abi::Str) {}

unsafe extern "C" fn metric(
    ctx: *mut c_void,
    name: abi::Str,
    update: u64,
    value: f64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(error, || {
            let name: Outcome<&str> = raw::text(name);
            let entry = (name?.to_owned(), update, value);
            this(ctx).metrics.borrow_mut().push(entry);
            if value.is_finite() {
                return Ok(());
            }
            Err(Failure::non_finite("a metric is not finite"))
        })
    }
}

unsafe extern "C" fn cancelled(ctx: *mut c_void) -> u32 {
    // SAFETY: pointers are valid by the header's contract.
    u32::from(unsafe { this(ctx) }.cancelled.get())
}
