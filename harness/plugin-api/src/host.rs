//! The host as a plugin sees it: batches, random numbers, log, metrics, cancellation.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi;
use crate::failure::{Failure, Outcome};
use crate::raw;
use crate::tensor::View;

/// The host's services. Cheap to copy; valid as long as the instance it was given to.
#[derive(Clone, Copy)]
pub struct Host {
    table: abi::Host,
}

/// Which of the benchmark's rules relabels a minibatch with goals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goals {
    /// Rows as recorded, without goals.
    #[default]
    None,
    /// The rule for learning values.
    Value,
    /// The rule for learning policies.
    Policy,
    /// The rule for goals from the row's own future.
    Future,
}

impl Goals {
    /// The rule of a number of the header. Errors when there is none.
    pub fn from_code(code: u32) -> Outcome<Self> {
        match code {
            abi::GOALS_NONE => Ok(Self::None),
            abi::GOALS_VALUE => Ok(Self::Value),
            abi::GOALS_POLICY => Ok(Self::Policy),
            abi::GOALS_FUTURE => Ok(Self::Future),
            other => Err(Failure::invalid_argument(format!(
                "unknown rule for goals {other}; expected 0 to 3"
            ))),
        }
    }

    /// The number in the header.
    pub fn code(self) -> u32 {
        match self {
            Self::None => abi::GOALS_NONE,
            Self::Value => abi::GOALS_VALUE,
            Self::Policy => abi::GOALS_POLICY,
            Self::Future => abi::GOALS_FUTURE,
        }
    }
}

/// What a minibatch is asked for; the default asks for rows as recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchRequest {
    /// Relabelling with goals; `None` where the problem has no goals.
    pub goals: Goals,
    /// Only rows that have a successor action or are terminated, with that action.
    pub next_action: bool,
    /// Rows of the validation trajectories instead of the stage's data view.
    pub held_out: bool,
}

/// One minibatch of transitions; `B` rows drawn uniformly with replacement from the stage's data view.
pub struct Batch<'a> {
    /// `[B, S]`
    pub observation: View<'a>,
    /// `[B, A]`
    pub action: View<'a>,
    /// `[B]`
    pub reward: View<'a>,
    /// `[B]`, 0 or 1; truncation is not termination.
    pub terminated: View<'a>,
    /// `[B, S]`; carries no meaning where terminated.
    pub next_observation: View<'a>,
    /// `[B, G]`, if goals were asked for.
    pub goal: Option<View<'a>>,
    /// `[B, A]`, if it was asked for; zero where terminated.
    pub next_action: Option<View<'a>>,
    /// `[B]` int64: stable index of each transition.
    pub row: View<'a>,
}

/// An empty batch for the host to fill.
fn room() -> abi::Batch {
    let null = std::ptr::null();
    abi::Batch {
        struct_size: size_of::<abi::Batch>() as u32,
        reserved: 0,
        observation: null,
        action: null,
        reward: null,
        terminated: null,
        next_observation: null,
        goal: null,
        row: null,
        next_action: null,
    }
}

/// # Safety
/// The tensors must be NULL or valid for `'a`.
unsafe fn views<'a>(out: &abi::Batch) -> Outcome<Batch<'a>> {
    // SAFETY: forwarded from the caller.
    unsafe {
        Ok(Batch {
            observation: View::from_raw(out.observation)?,
            action: View::from_raw(out.action)?,
            reward: View::from_raw(out.reward)?,
            terminated: View::from_raw(out.terminated)?,
            next_observation: View::from_raw(out.next_observation)?,
            goal: View::from_raw_optional(out.goal)?,
            next_action: View::from_raw_optional(out.next_action)?,
            row: View::from_raw(out.row)?,
        })
    }
}

impl Host {
    /// Adopts the host table given to `create`.
    ///
    /// # Safety
    /// `table` must be NULL or point to a valid host table whose context outlives every copy of the result.
    pub unsafe fn from_raw(table: *const abi::Host) -> Outcome<Self> {
        // SAFETY: the caller vouches for the pointer; the only field after 1.0 is an optional function.
        let table = unsafe { raw::prefix(table, abi::HOST_SIZE_1_0, "the host table") }?;
        Ok(Self { table })
    }

    /// The minibatch of `stream` at `step`, valid until the next call for the same stream.
    pub fn batch(&self, stream: &str, step: u64) -> Outcome<Batch<'_>> {
        let mut out = room();
        // SAFETY: the table is valid by `from_raw`'s contract; the outputs live on this stack frame.
        raw::call(|error| unsafe {
            (self.table.batch)(
                self.table.ctx,
                raw::string(stream),
                step,
                &raw mut out,
                error,
            )
        })?;
        // SAFETY: the host promises views valid until the next call for this stream; `&self` is not exclusive, so a
        // caller that asks twice for one stream sees the newer rows through the older views, never freed memory.
        unsafe { views(&out) }
    }

    /// The minibatch of `stream` at `step` for what `request` asks, valid until the next call for the same stream. Use
    /// one stream for one request. Errors when the request is not the default and the host is older than ABI 1.1.
    pub fn batch_with(&self, stream: &str, step: u64, request: BatchRequest) -> Outcome<Batch<'_>> {
        let Some(batch_with) = self.table.batch_with else {
            if request == BatchRequest::default() {
                return self.batch(stream, step);
            }
            return Err(Failure::unsupported(format!(
                "batch_with needs a host of ABI 1.1; this one offers 1.{}",
                self.table.abi_minor
            )));
        };
        let request = abi::BatchRequest {
            struct_size: size_of::<abi::BatchRequest>() as u32,
            goals: request.goals.code(),
            next_action: u32::from(request.next_action),
            held_out: u32::from(request.held_out),
        };
        let mut out = room();
        // SAFETY: as in `batch`; the request lives on this stack frame.
        raw::call(|error| unsafe {
            batch_with(
                self.table.ctx,
                raw::string(stream),
                step,
                &raw const request,
                &raw mut out,
                error,
            )
        })?;
        // SAFETY: as in `batch`.
        unsafe { views(&out) }
    }

    /// `count` standard normals: a function of (seed, role, stream, position).
    pub fn normal(&self, stream: &str, position: u64, count: usize) -> Outcome<Vec<f64>> {
        self.random(stream, position, abi::NORMAL, count)
    }

    /// `count` uniforms in `[0, 1)`: a function of (seed, role, stream, position).
    pub fn uniform(&self, stream: &str, position: u64, count: usize) -> Outcome<Vec<f64>> {
        self.random(stream, position, abi::UNIFORM, count)
    }

    fn random(&self, stream: &str, position: u64, kind: u32, count: usize) -> Outcome<Vec<f64>> {
        let mut out = vec![0.0; count];
        // SAFETY: the table is valid by `from_raw`'s contract; `out` has `count` elements.
        raw::call(|error| unsafe {
            (self.table.random)(
                self.table.ctx,
                raw::string(stream),
                position,
                kind,
                out.as_mut_ptr(),
                count as u64,
                error,
            )
        })?;
        Ok(out)
    }

    /// A line for the stage's log.
    pub fn log(&self, text: &str) {
        // SAFETY: the table is valid by `from_raw`'s contract.
        unsafe { (self.table.log)(self.table.ctx, abi::LOG_INFO, raw::string(text)) }
    }

    /// A warning for the stage's log.
    pub fn warn(&self, text: &str) {
        // SAFETY: the table is valid by `from_raw`'s contract.
        unsafe { (self.table.log)(self.table.ctx, abi::LOG_WARNING, raw::string(text)) }
    }

    /// Records `value` of metric `name` after `update` updates.
    pub fn metric(&self, name: &str, update: u64, value: f64) -> Outcome<()> {
        // SAFETY: the table is valid by `from_raw`'s contract.
        raw::call(|error| unsafe {
            (self.table.metric)(self.table.ctx, raw::string(name), update, value, error)
        })
    }

    /// Whether to return `Code::Cancelled` at the next update boundary.
    pub fn cancelled(&self) -> bool {
        // SAFETY: the table is valid by `from_raw`'s contract.
        unsafe { (self.table.cancelled)(self.table.ctx) != 0 }
    }
}
