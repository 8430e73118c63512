//! The host table: what plugins call back.

#![allow(unsafe_code, reason = "this crate is the host side of the C boundary")]

use plugin_api::{Array, Failure, Outcome, Precision, abi, raw};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::rc::Rc;

/// Storage of one minibatch, filled by the sampler in single precision.
#[derive(Default, Debug)]
pub struct BatchBuffers {
    /// `[B * S]`
    pub observation: Vec<f32>,
    /// `[B * A]`
    pub action: Vec<f32>,
    /// `[B]`
    pub reward: Vec<f32>,
    /// `[B]`
    pub terminated: Vec<f32>,
    /// `[B * S]`
    pub next_observation: Vec<f32>,
    /// `[B]`
    pub row: Vec<i64>,
}

/// Kind of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Random {
    /// `[0, 1)`
    Uniform,
    /// Mean 0, standard deviation 1.
    Normal,
}

/// What the harness offers to an instance.
pub trait Services {
    /// Fills `out` with the minibatch of `stream` at `step`.
    fn batch(&mut self, stream: &str, step: u64, out: &mut BatchBuffers) -> Outcome<()>;
    /// Fills `out` with the random numbers of `stream` at `position`.
    fn random(&mut self, stream: &str, position: u64, kind: Random, out: &mut [f64])
    -> Outcome<()>;
    /// A line of the log.
    fn log(&mut self, warning: bool, text: &str);
    /// A metric after `update` updates.
    fn metric(&mut self, name: &str, update: u64, value: f64) -> Outcome<()>;
    /// Whether to stop at the next update boundary.
    fn cancelled(&mut self) -> bool;
}

/// Services shared by the instances of one worker.
pub type SharedServices = Rc<RefCell<dyn Services>>;

/// Views of one stream's newest batch; kept until the next one.
struct Lent {
    buffers: BatchBuffers,
    arrays: Vec<Array>,
    views: Vec<abi::DLTensor>,
}

/// The context behind a host table: services, plus what is on loan to the plugin.
pub(crate) struct HostContext {
    services: SharedServices,
    precision: Precision,
    lent: BTreeMap<String, Lent>,
    pub(crate) table: abi::Host,
}

impl HostContext {
    pub(crate) fn new(
        services: SharedServices,
        precision: Precision,
        abi_minor: u32,
    ) -> Box<RefCell<Self>> {
        let table = abi::Host {
            struct_size: size_of::<abi::Host>() as u32,
            abi_minor,
            ctx: std::ptr::null_mut(),
            batch,
            random,
            log,
            metric,
            cancelled,
        };
        let context = Box::new(RefCell::new(Self {
            services,
            precision,
            lent: BTreeMap::new(),
            table,
        }));
        let address = std::ptr::from_ref::<RefCell<Self>>(&context)
            .cast_mut()
            .cast::<c_void>();
        context.borrow_mut().table.ctx = address;
        context
    }

    fn lend(&mut self, stream: &str, step: u64, out: &mut abi::Batch) -> Outcome<()> {
        let mut buffers = self
            .lent
            .remove(stream)
            .map(|l| l.buffers)
            .unwrap_or_default();
        self.services
            .borrow_mut()
            .batch(stream, step, &mut buffers)?;
        let rows = buffers.reward.len() as i64;
        let width = |len: usize| if rows == 0 { 0 } else { len as i64 / rows };
        let shapes = [
            (
                &buffers.observation,
                vec![rows, width(buffers.observation.len())],
            ),
            (&buffers.action, vec![rows, width(buffers.action.len())]),
            (&buffers.reward, vec![rows]),
            (&buffers.terminated, vec![rows]),
            (
                &buffers.next_observation,
                vec![rows, width(buffers.next_observation.len())],
            ),
        ];
        let mut arrays: Vec<Array> = shapes
            .iter()
            .map(|(values, shape)| lend_values(values, shape, self.precision))
            .collect();
        let row = buffers.row.as_ptr().cast_mut().cast();
        // SAFETY: the buffer is kept in `Lent` beside the array and untouched until the stream's next batch.
        arrays
            .push(unsafe { Array::from_owner(Box::new(()), row, plugin_api::Dtype::I64, &[rows]) });
        let views = arrays.iter().map(|a| *a.view().as_dl()).collect();
        let lent = self.lent.entry(stream.to_owned()).or_insert(Lent {
            buffers,
            arrays,
            views,
        });
        let view = |i: usize| std::ptr::from_ref(&lent.views[i]);
        out.observation = view(0);
        out.action = view(1);
        out.reward = view(2);
        out.terminated = view(3);
        out.next_observation = view(4);
        out.goal = std::ptr::null();
        out.row = view(lent.arrays.len() - 1);
        Ok(())
    }
}

/// float32 is lent in place; float64 is a widened copy.
fn lend_values(values: &[f32], shape: &[i64], precision: Precision) -> Array {
    match precision {
        Precision::F32 => {
            let data = values.as_ptr().cast_mut().cast();
            // SAFETY: the buffer is kept in `Lent` beside the array and untouched until the stream's next batch.
            unsafe { Array::from_owner(Box::new(()), data, plugin_api::Dtype::F32, shape) }
        }
        Precision::F64 => Array::from_vec(values.iter().map(|&x| f64::from(x)).collect(), shape),
    }
}

/// # Safety
/// `ctx` must be the context of a live `HostContext`.
unsafe fn context<'a>(ctx: *mut c_void) -> &'a RefCell<HostContext> {
    // SAFETY: the caller vouches for it; the box outlives every instance that holds the table.
    unsafe { &*ctx.cast::<RefCell<HostContext>>() }
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
            let out = out
                .as_mut()
                .ok_or_else(|| Failure::invalid_argument("the output batch is NULL"))?;
            context(ctx)
                .borrow_mut()
                .lend(raw::text(stream)?, step, out)
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
            let kind = match kind {
                abi::UNIFORM => Random::Uniform,
                abi::NORMAL => Random::Normal,
                other => {
                    return Err(Failure::invalid_argument(format!(
                        "unknown kind of random numbers {other}"
                    )));
                }
            };
            if count == 0 {
                return Ok(());
            }
            let out = std::slice::from_raw_parts_mut(out, count as usize);
            let services = context(ctx).borrow().services.clone();
            services
                .borrow_mut()
                .random(raw::text(stream)?, position, kind, out)
        })
    }
}

unsafe extern "C" fn log(ctx: *mut c_void, level: u32, text: abi::Str) {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(std::ptr::null_mut(), || {
            let services = context(ctx).borrow().services.clone();
            services
                .borrow_mut()
                .log(level == abi::LOG_WARNING, raw::text(text)?);
            Ok(())
        });
    }
}

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
            let services = context(ctx).borrow().services.clone();
            services
                .borrow_mut()
                .metric(raw::text(name)?, update, value)
        })
    }
}

unsafe extern "C" fn cancelled(ctx: *mut c_void) -> u32 {
    let mut stop = false;
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(std::ptr::null_mut(), || {
            let services = context(ctx).borrow().services.clone();
            stop = services.borrow_mut().cancelled();
            Ok(())
        });
    }
    u32::from(stop)
}
