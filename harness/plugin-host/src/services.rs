//! The host table: what plugins call back.

#![allow(unsafe_code, reason = "this crate is the host side of the C boundary")]

use plugin_api::{Array, BatchRequest, Failure, Goals, Outcome, Precision, abi, raw};
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
    /// `[B * G]`, or empty without goals.
    pub goal: Vec<f32>,
    /// `[B * A]`, or empty where it was not asked for.
    pub next_action: Vec<f32>,
}

impl BatchBuffers {
    /// Empties every array and keeps the memory.
    pub fn clear(&mut self) {
        for buffer in [
            &mut self.observation,
            &mut self.action,
            &mut self.reward,
            &mut self.terminated,
            &mut self.next_observation,
            &mut self.goal,
            &mut self.next_action,
        ] {
            buffer.clear();
        }
        self.row.clear();
    }
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
    /// Fills `out` with the minibatch of `stream` at `step` for what `request` asks. `out` holds an earlier batch of the
    /// stream, or nothing; every array must be replaced, `goal` and `next_action` by nothing where not asked for.
    fn batch(
        &mut self,
        stream: &str,
        step: u64,
        request: BatchRequest,
        out: &mut BatchBuffers,
    ) -> Outcome<()>;
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
    // The views point into them.
    _arrays: Vec<Array>,
    views: Box<[abi::DLTensor]>,
}

/// The context behind a host table: services, plus what is on loan to the plugin.
pub(crate) struct HostContext {
    services: SharedServices,
    precision: Precision,
    /// Whether the problem has goals.
    goals: bool,
    lent: BTreeMap<String, Lent>,
    pub(crate) table: abi::Host,
}

impl HostContext {
    pub(crate) fn new(
        services: SharedServices,
        precision: Precision,
        goals: bool,
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
            batch_with: Some(batch_with),
        };
        let context = Box::new(RefCell::new(Self {
            services,
            precision,
            goals,
            lent: BTreeMap::new(),
            table,
        }));
        let address = std::ptr::from_ref::<RefCell<Self>>(&context)
            .cast_mut()
            .cast::<c_void>();
        context.borrow_mut().table.ctx = address;
        context
    }

    fn lend(&mut self, stream: &str, step: u64, request: BatchRequest) -> Outcome<abi::Batch> {
        let mut buffers = self
            .lent
            .remove(stream)
            .map(|l| l.buffers)
            .unwrap_or_default();
        self.services
            .borrow_mut()
            .batch(stream, step, request, &mut buffers)?;
        buffers.answer(request)?;
        let lent = Lent::new(buffers, self.precision);
        self.lent.insert(stream.to_owned(), lent);
        Ok(self.lent[stream].batch())
    }
}

impl BatchBuffers {
    /// Errors unless what was asked for is there, and nothing else.
    fn answer(&self, request: BatchRequest) -> Outcome<()> {
        let asked = [
            ("goal", request.goals != Goals::None, &self.goal),
            ("next_action", request.next_action, &self.next_action),
        ];
        let wrong = asked.into_iter().find(|(_, asked, values)| {
            let expected = *asked && !self.reward.is_empty();
            values.is_empty() == expected
        });
        match wrong {
            None => Ok(()),
            Some((name, true, _)) => Err(Failure::unsupported(format!(
                "the data give no `{name}`, which was asked for"
            ))),
            Some((name, false, _)) => Err(Failure::new(
                plugin_api::Code::Internal,
                format!("the data give `{name}`, which was not asked for"),
            )),
        }
    }
}

impl Lent {
    fn new(buffers: BatchBuffers, precision: Precision) -> Self {
        let rows = buffers.reward.len() as i64;
        let vector = |values: &Vec<f32>| lend_values(values, &[rows], precision);
        let matrix = |values: &Vec<f32>| {
            let width = if rows == 0 {
                0
            } else {
                values.len() as i64 / rows
            };
            lend_values(values, &[rows, width], precision)
        };
        let row = buffers.row.as_ptr().cast_mut().cast();
        let arrays = vec![
            matrix(&buffers.observation),
            matrix(&buffers.action),
            vector(&buffers.reward),
            vector(&buffers.terminated),
            matrix(&buffers.next_observation),
            // SAFETY: the buffer is kept in `Lent` beside the array and untouched until the stream's next batch.
            unsafe { Array::from_owner(Box::new(()), row, plugin_api::Dtype::I64, &[rows]) },
            matrix(&buffers.goal),
            matrix(&buffers.next_action),
        ];
        let views = arrays.iter().map(|a| *a.view().as_dl()).collect();
        Self {
            buffers,
            _arrays: arrays,
            views,
        }
    }

    fn batch(&self) -> abi::Batch {
        let view = |i: usize| std::ptr::from_ref(&self.views[i]);
        let optional = |values: &Vec<f32>, i: usize| {
            if values.is_empty() {
                std::ptr::null()
            } else {
                view(i)
            }
        };
        abi::Batch {
            struct_size: size_of::<abi::Batch>() as u32,
            reserved: 0,
            observation: view(0),
            action: view(1),
            reward: view(2),
            terminated: view(3),
            next_observation: view(4),
            row: view(5),
            goal: optional(&self.buffers.goal, 6),
            next_action: optional(&self.buffers.next_action, 7),
        }
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

/// Fills `out` as far as its room goes: `struct_size` says it, but a plugin of ABI 1.0 may leave it unset.
///
/// # Safety
/// `ctx` and `stream` as for `batch`; `out` must be NULL or point to a batch of the plugin's minor.
unsafe fn lend_to(
    ctx: *mut c_void,
    stream: abi::Str,
    step: u64,
    request: BatchRequest,
    out: *mut abi::Batch,
) -> Outcome<()> {
    if out.is_null() {
        return Err(Failure::invalid_argument("the output batch is NULL"));
    }
    // SAFETY: non-NULL; the first field is the size.
    let room = unsafe { (&raw const (*out).struct_size).read() } as usize;
    // SAFETY: forwarded from the caller.
    let (context, stream) = unsafe { (context(ctx), raw::text(stream)?) };
    let mut context = context.borrow_mut();
    let whole = context.table.abi_minor >= 1 && room >= size_of::<abi::Batch>();
    if request.next_action && !whole {
        return Err(Failure::invalid_argument(format!(
            "the output batch has {room} bytes, no room for next_action; expected at least {}",
            size_of::<abi::Batch>()
        )));
    }
    let mut batch = context.lend(stream, step, request)?;
    // The plugin said how much room there is; that stays.
    batch.struct_size = room as u32;
    let size = if whole {
        size_of::<abi::Batch>()
    } else {
        abi::BATCH_SIZE_1_0
    };
    // SAFETY: `out` has room for `size` bytes: those of 1.0, which every plugin has, or all by its own word.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const batch).cast::<u8>(), out.cast::<u8>(), size);
    }
    Ok(())
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
            lend_to(ctx, stream, step, BatchRequest::default(), out)
        })
    }
}

fn flag(name: &str, value: u32) -> Outcome<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Failure::invalid_argument(format!(
            "{name} of the request is {other}, expected 0 or 1"
        ))),
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
    // SAFETY: pointers are valid by the header's contract; a request is all numbers.
    unsafe {
        raw::guard(error, || {
            let least = size_of::<abi::BatchRequest>();
            let request = raw::prefix(request, least, "the batch request")?;
            let request = BatchRequest {
                goals: Goals::from_code(request.goals)?,
                next_action: flag("next_action", request.next_action)?,
                held_out: flag("held_out", request.held_out)?,
            };
            if request.goals != Goals::None && !context(ctx).borrow().goals {
                return Err(Failure::invalid_argument(
                    "goals are asked for, but the problem has none",
                ));
            }
            lend_to(ctx, stream, step, request, out)
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
