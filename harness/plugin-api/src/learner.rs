//! What a learner's author implements, and its export as a C descriptor.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi;
use crate::failure::{Code, Failure, Outcome};
use crate::host::Host;
use crate::interface::Provide;
use crate::raw;
use crate::serve::{Instance, offers, table, with_instance};
use crate::upstream::{Upstream, bindings};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::c_void;
use std::io::{Read, Write};

/// Arithmetic of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// float32
    F32,
    /// float64
    F64,
}

/// What is to be learned; the counterpart of `assay_problem`.
#[derive(Clone, Debug)]
pub struct Problem {
    /// dtype of all arrays of this stage.
    pub precision: Precision,
    /// S
    pub observation_dim: usize,
    /// A; 0 where actions are discrete.
    pub action_dim: usize,
    /// Number of discrete actions; 0 where actions are continuous.
    pub action_count: usize,
    /// G; 0 means that there is no goal.
    pub goal_dim: usize,
    /// Lower bound of every action dimension.
    pub action_low: f64,
    /// Upper bound of every action dimension.
    pub action_high: f64,
    /// Discount factor per step.
    pub discount: f64,
    /// Rows of a batch.
    pub batch_size: usize,
    /// The stage's whole budget of updates.
    pub updates: u64,
    /// Transitions in the dataset; every `row` of a batch is below it.
    pub row_count: usize,
    /// Channels, height, width where an observation is a picture; else zeros.
    pub observation_shape: [usize; 3],
}

/// Static facts of a learner.
pub struct LearnerInfo {
    /// kebab-case id, e.g. `iql`.
    pub id: &'static str,
    /// Semantic version of the algorithm; raise it when results change.
    pub version: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Interfaces that must be bound, or, with a `?` at the end (`encoder/1?`), that are bound where an earlier stage
    /// provides them; entries without a `/` (`goals`) are requirements of the benchmark.
    pub requires: &'static [&'static str],
    /// Interfaces that an instance with default hyperparameters offers.
    pub provides: &'static [&'static str],
    /// Same inputs, library, runtime and one thread give the same bytes.
    pub bitwise: bool,
}

/// An algorithm part. See `plugins/template` for a complete one.
pub trait Learner: Provide + Sized + 'static {
    /// Hyperparameters: every field documented, with a default; unknown keys must be refused (`deny_unknown_fields`).
    type Hyper: Serialize + DeserializeOwned + JsonSchema + Default;

    /// Static facts.
    const INFO: LearnerInfo;

    /// A fresh instance. Initial weights and noise come from `host.normal` and `host.uniform`.
    fn create(
        host: Host,
        problem: &Problem,
        hyper: Self::Hyper,
        upstream: Upstream,
    ) -> Outcome<Self>;
    /// Runs `count` further updates; n then m equals n + m.
    fn update(&mut self, count: u64) -> Outcome<()>;
    /// Writes everything that continuing needs: networks, targets, optimisers, counters.
    fn save(&self, out: &mut dyn Write) -> Outcome<()>;
    /// Restores what `save` wrote. The wrapper refuses foreign, truncated and overlong bytes.
    fn load(&mut self, from: &mut dyn Read) -> Outcome<()>;
}

/// The C descriptor of a learner type. Allocated once and leaked: descriptors live as long as the process.
pub fn descriptor<L: Learner>() -> &'static abi::LearnerDescriptor {
    let info = &L::INFO;
    let strings = |ids: &[&'static str]| -> &'static [abi::Str] {
        Box::leak(
            ids.iter()
                .map(|id| raw::string(id))
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        )
    };
    let (requires, provides) = (strings(info.requires), strings(info.provides));
    let schema: &'static str = Box::leak(schema_text::<L>().into_boxed_str());
    Box::leak(Box::new(abi::LearnerDescriptor {
        struct_size: size_of::<abi::LearnerDescriptor>() as u32,
        determinism: if info.bitwise {
            abi::DETERMINISM_BITWISE
        } else {
            abi::DETERMINISM_NONE
        },
        id: raw::string(info.id),
        version: raw::string(info.version),
        description: raw::string(info.description),
        requires_ids: requires.as_ptr(),
        requires_count: requires.len() as u64,
        provides_ids: provides.as_ptr(),
        provides_count: provides.len() as u64,
        hyperparameters_schema: raw::string(schema),
        create: create::<L>,
        update: update::<L>,
        save: save::<L>,
        load: load::<L>,
        interface_table: interface_table::<L>,
        destroy: destroy::<L>,
    }))
}

/// The JSON Schema of the hyperparameters, with the default of every property taken from `Default`.
fn schema_text<L: Learner>() -> String {
    let mut schema = serde_json::Value::from(schemars::schema_for!(L::Hyper));
    let defaults = serde_json::to_value(L::Hyper::default()).unwrap_or_default();
    if let Some(properties) = schema
        .get_mut("properties")
        .and_then(serde_json::Value::as_object_mut)
    {
        for (name, property) in properties {
            if let (Some(property), Some(default)) = (property.as_object_mut(), defaults.get(name))
            {
                property.insert("default".into(), default.clone());
            }
        }
    }
    schema.to_string()
}

/// # Safety
/// `problem` must be NULL or valid for its `struct_size`.
unsafe fn read_problem(problem: *const abi::Problem) -> Outcome<Problem> {
    // SAFETY: the caller vouches for the pointer; the fields after 1.0 are numbers.
    let problem = unsafe { raw::prefix(problem, abi::PROBLEM_SIZE_1_0, "the problem") }?;
    let precision = match problem.precision {
        abi::FLOAT32 => Precision::F32,
        abi::FLOAT64 => Precision::F64,
        other => {
            return Err(Failure::invalid_argument(format!(
                "unknown precision {other}; expected 0 or 1"
            )));
        }
    };
    Ok(Problem {
        precision,
        observation_dim: problem.observation_dim as usize,
        action_dim: problem.action_dim as usize,
        action_count: problem.action_count as usize,
        goal_dim: problem.goal_dim as usize,
        action_low: problem.action_low,
        action_high: problem.action_high,
        discount: problem.discount,
        batch_size: problem.batch_size as usize,
        updates: problem.updates,
        row_count: problem.row_count as usize,
        observation_shape: problem.observation_shape.map(|n| n as usize),
    })
}

unsafe extern "C" fn create<L: Learner>(
    host: *const abi::Host,
    problem: *const abi::Problem,
    hyperparameters: abi::Str,
    upstream: *const abi::Upstream,
    upstream_count: u64,
    out: *mut *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(error, || {
            let host = Host::from_raw(host)?;
            let problem = read_problem(problem)?;
            let hyper = serde_json::from_str(raw::text(hyperparameters)?).map_err(|e| {
                Failure::invalid_argument(format!("hyperparameters of `{}`: {e}", L::INFO.id))
            })?;
            let upstream = bindings(upstream, upstream_count)?;
            let needed = |id: &&&str| id.contains('/') && !id.ends_with('?');
            let interfaces = L::INFO.requires.iter().filter(needed);
            for id in interfaces {
                upstream.find(id)?;
            }
            let learner = L::create(host, &problem, hyper, upstream)?;
            *out = Box::into_raw(Box::new(Instance::new(learner))).cast();
            Ok(())
        })
    }
}

unsafe extern "C" fn update<L: Learner>(
    instance: *mut c_void,
    count: u64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<L>(instance, error, |learner, lent| {
            lent.clear();
            learner.update(count)
        })
    }
}

unsafe extern "C" fn save<L: Learner>(
    instance: *mut c_void,
    writer: *const abi::Writer,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<L>(instance, error, |learner, _| {
            let writer = writer
                .as_ref()
                .ok_or_else(|| Failure::invalid_argument("the writer is NULL"))?;
            let mut body = Vec::new();
            learner.save(&mut body)?;
            let mut out = HostWriter { writer };
            out.write_all(&frame_header(&L::INFO, body.len()))?;
            out.write_all(&body)?;
            Ok(())
        })
    }
}

unsafe extern "C" fn load<L: Learner>(
    instance: *mut c_void,
    reader: *const abi::Reader,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<L>(instance, error, |learner, lent| {
            lent.clear();
            let reader = reader
                .as_ref()
                .ok_or_else(|| Failure::invalid_argument("the reader is NULL"))?;
            let mut bytes = Vec::new();
            HostReader { reader }.read_to_end(&mut bytes)?;
            let mut body = frame_body(&L::INFO, &bytes)?;
            learner.load(&mut body)?;
            if body.is_empty() {
                return Ok(());
            }
            Err(Failure::invalid_state(format!(
                "{} bytes follow the last field of the state",
                body.len()
            )))
        })
    }
}

unsafe extern "C" fn interface_table<L: Learner>(
    instance: *mut c_void,
    interface_id: abi::Str,
) -> *const c_void {
    let mut found = std::ptr::null();
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<L>(instance, std::ptr::null_mut(), |learner, _| {
            let id = raw::text(interface_id)?;
            if offers(learner, id) {
                found = table::<L>(id);
            }
            Ok(())
        });
    }
    found
}

unsafe extern "C" fn destroy<L: Learner>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: `create` leaked this box, and the header forbids calls after destroy. A panic in a destructor is caught.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<L>>()) };
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(instance)));
}

const MAGIC: &[u8; 8] = b"ASSAYST1";

/// State frame: magic, length-prefixed `id version`, length of the body; so that foreign or cut bytes are recognised.
fn frame_header(info: &LearnerInfo, body: usize) -> Vec<u8> {
    let name = format!("{} {}", info.id, info.version);
    let mut header = MAGIC.to_vec();
    header.extend((name.len() as u64).to_le_bytes());
    header.extend(name.as_bytes());
    header.extend((body as u64).to_le_bytes());
    header
}

fn frame_body<'a>(info: &LearnerInfo, bytes: &'a [u8]) -> Outcome<&'a [u8]> {
    let refuse = |what: String| Err(Failure::invalid_state(what));
    let short = || {
        Failure::invalid_state(format!(
            "the state has {} bytes, too few for its header",
            bytes.len()
        ))
    };
    let rest = bytes.strip_prefix(MAGIC);
    let Some(rest) = rest else {
        return refuse("the state does not start with the mark of a learner state".into());
    };
    let (size, rest) = rest.split_at_checked(8).ok_or_else(short)?;
    let size = u64::from_le_bytes(size.try_into().map_err(|_| short())?) as usize;
    let (name, rest) = rest.split_at_checked(size).ok_or_else(short)?;
    let expected = format!("{} {}", info.id, info.version);
    if name != expected.as_bytes() {
        return refuse(format!(
            "the state is of `{}`, expected `{expected}`",
            String::from_utf8_lossy(name)
        ));
    }
    let (size, body) = rest.split_at_checked(8).ok_or_else(short)?;
    let size = u64::from_le_bytes(size.try_into().map_err(|_| short())?);
    if size != body.len() as u64 {
        return refuse(format!(
            "the state's body has {} bytes, its header says {size}",
            body.len()
        ));
    }
    Ok(body)
}

struct HostWriter<'a> {
    writer: &'a abi::Writer,
}

impl Write for HostWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut written = 0;
        // SAFETY: the host's writer is valid during save; `bytes` is readable.
        let status = unsafe {
            (self.writer.write)(
                self.writer.ctx,
                bytes.as_ptr().cast(),
                bytes.len() as u64,
                &raw mut written,
            )
        };
        if status == abi::OK {
            return Ok(written as usize);
        }
        Err(std::io::Error::other(format!(
            "the host's writer failed ({})",
            Code::from_status(status).name()
        )))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct HostReader<'a> {
    reader: &'a abi::Reader,
}

impl Read for HostReader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let mut read = 0;
        // SAFETY: the host's reader is valid during load; `bytes` is writable.
        let status = unsafe {
            (self.reader.read)(
                self.reader.ctx,
                bytes.as_mut_ptr().cast(),
                bytes.len() as u64,
                &raw mut read,
            )
        };
        if status == abi::OK {
            return Ok(read as usize);
        }
        Err(std::io::Error::other(format!(
            "the host's reader failed ({})",
            Code::from_status(status).name()
        )))
    }
}
