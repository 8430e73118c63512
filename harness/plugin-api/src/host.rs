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
    /// `[B, G]`, if the benchmark has goals.
    pub goal: Option<View<'a>>,
    /// `[B]` int64: stable index of each transition.
    pub row: View<'a>,
}

impl Host {
    /// Adopts the host table given to `create`.
    ///
    /// # Safety
    /// `table` must be NULL or point to a valid host table whose context outlives every copy of the result.
    pub unsafe fn from_raw(table: *const abi::Host) -> Outcome<Self> {
        // SAFETY: the caller vouches for the pointer.
        let table = unsafe { table.as_ref() };
        match table {
            Some(table) if table.struct_size as usize >= size_of::<abi::Host>() => {
                Ok(Self { table: *table })
            }
            Some(table) => Err(Failure::invalid_argument(format!(
                "the host table has {} bytes, expected at least {}",
                table.struct_size,
                size_of::<abi::Host>()
            ))),
            None => Err(Failure::invalid_argument("the host table is NULL")),
        }
    }

    /// The minibatch of `stream` at `step`, valid until the next call for the same stream.
    pub fn batch(&self, stream: &str, step: u64) -> Outcome<Batch<'_>> {
        let null = std::ptr::null();
        let mut out = abi::Batch {
            struct_size: size_of::<abi::Batch>() as u32,
            reserved: 0,
            observation: null,
            action: null,
            reward: null,
            terminated: null,
            next_observation: null,
            goal: null,
            row: null,
        };
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
        unsafe {
            Ok(Batch {
                observation: View::from_raw(out.observation)?,
                action: View::from_raw(out.action)?,
                reward: View::from_raw(out.reward)?,
                terminated: View::from_raw(out.terminated)?,
                next_observation: View::from_raw(out.next_observation)?,
                goal: View::from_raw_optional(out.goal)?,
                row: View::from_raw(out.row)?,
            })
        }
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
