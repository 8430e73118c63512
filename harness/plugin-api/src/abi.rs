//! `#[repr(C)]` mirror of `include/assay/plugin.h`. The header is the specification and carries the contracts; this
//! file carries the layout, and the asserts at its end fail the build when a field moves.

#![allow(
    missing_docs,
    reason = "every item is documented in the C header that this file mirrors"
)]

use std::ffi::{c_char, c_void};

pub const ABI_MAJOR: u32 = 1;
pub const ABI_MINOR: u32 = 0;
pub const ENTRY_SYMBOL: &str = "assay_plugin_entry";

pub const OK: u32 = 0;
pub const INVALID_ARGUMENT: u32 = 1;
pub const INVALID_STATE: u32 = 2;
pub const NON_FINITE: u32 = 3;
pub const UNSUPPORTED: u32 = 4;
pub const CANCELLED: u32 = 5;
pub const HOST_FAILED: u32 = 6;
pub const INTERNAL: u32 = 7;
pub const POISONED: u32 = 8;

pub const UNIFORM: u32 = 0;
pub const NORMAL: u32 = 1;
pub const LOG_INFO: u32 = 0;
pub const LOG_WARNING: u32 = 1;
pub const FLOAT32: u32 = 0;
pub const FLOAT64: u32 = 1;
pub const DETERMINISM_NONE: u32 = 0;
pub const DETERMINISM_BITWISE: u32 = 1;
pub const NETWORK_ONLINE: u32 = 0;
pub const NETWORK_TARGET: u32 = 1;
pub const REDUCE_MIN: u32 = 0;
pub const REDUCE_MEAN: u32 = 1;
pub const REDUCE_MEMBER: u32 = 2;
pub const ACT_GREEDY: u32 = 0;
pub const ACT_SAMPLED: u32 = 1;
pub const ORACLE_OPTIMAL: u32 = 0;
pub const ORACLE_BEHAVIOUR: u32 = 1;

pub const CRITIC_V1: &str = "critic/1";
pub const STATE_VALUE_V1: &str = "state-value/1";
pub const POLICY_V1: &str = "policy/1";
pub const ORACLE_V1: &str = "oracle/1";

pub type Status = u32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub data: *const c_char,
    pub size: u64,
}

#[repr(C)]
pub struct Error {
    pub struct_size: u32,
    pub code: u32,
    pub message: *mut c_char,
    pub capacity: u64,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DLDevice {
    pub device_type: i32,
    pub device_id: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DLDataType {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DLTensor {
    pub data: *mut c_void,
    pub device: DLDevice,
    pub ndim: i32,
    pub dtype: DLDataType,
    pub shape: *mut i64,
    pub strides: *mut i64,
    pub byte_offset: u64,
}

#[repr(C)]
pub struct Writer {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    pub write: unsafe extern "C" fn(*mut c_void, *const c_void, u64, *mut u64) -> Status,
}

#[repr(C)]
pub struct Reader {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    pub read: unsafe extern "C" fn(*mut c_void, *mut c_void, u64, *mut u64) -> Status,
}

#[repr(C)]
pub struct Batch {
    pub struct_size: u32,
    pub reserved: u32,
    pub observation: *const DLTensor,
    pub action: *const DLTensor,
    pub reward: *const DLTensor,
    pub terminated: *const DLTensor,
    pub next_observation: *const DLTensor,
    pub goal: *const DLTensor,
    pub row: *const DLTensor,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Host {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub ctx: *mut c_void,
    pub batch: unsafe extern "C" fn(*mut c_void, Str, u64, *mut Batch, *mut Error) -> Status,
    pub random:
        unsafe extern "C" fn(*mut c_void, Str, u64, u32, *mut f64, u64, *mut Error) -> Status,
    pub log: unsafe extern "C" fn(*mut c_void, u32, Str),
    pub metric: unsafe extern "C" fn(*mut c_void, Str, u64, f64, *mut Error) -> Status,
    pub cancelled: unsafe extern "C" fn(*mut c_void) -> u32,
}

#[repr(C)]
pub struct Problem {
    pub struct_size: u32,
    pub precision: u32,
    pub observation_dim: u64,
    pub action_dim: u64,
    pub action_count: u64,
    pub goal_dim: u64,
    pub action_low: f64,
    pub action_high: f64,
    pub discount: f64,
    pub batch_size: u64,
    pub updates: u64,
    pub row_count: u64,
}

#[repr(C)]
pub struct Upstream {
    pub struct_size: u32,
    pub reserved: u32,
    pub role: Str,
    pub interface_id: Str,
    pub table: *const c_void,
    pub instance: *mut c_void,
}

#[repr(C)]
pub struct LearnerDescriptor {
    pub struct_size: u32,
    pub determinism: u32,
    pub id: Str,
    pub version: Str,
    pub description: Str,
    pub requires_ids: *const Str,
    pub requires_count: u64,
    pub provides_ids: *const Str,
    pub provides_count: u64,
    pub hyperparameters_schema: Str,
    pub create: unsafe extern "C" fn(
        *const Host,
        *const Problem,
        Str,
        *const Upstream,
        u64,
        *mut *mut c_void,
        *mut Error,
    ) -> Status,
    pub update: unsafe extern "C" fn(*mut c_void, u64, *mut Error) -> Status,
    pub save: unsafe extern "C" fn(*mut c_void, *const Writer, *mut Error) -> Status,
    pub load: unsafe extern "C" fn(*mut c_void, *const Reader, *mut Error) -> Status,
    pub interface_table: unsafe extern "C" fn(*mut c_void, Str) -> *const c_void,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}

pub type QFn = unsafe extern "C" fn(
    *mut c_void,
    *const DLTensor,
    *const DLTensor,
    *const DLTensor,
    u32,
    u32,
    *mut DLTensor,
    *mut Error,
) -> Status;

#[repr(C)]
pub struct CriticV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub q: QFn,
    pub q_gradient: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        *const DLTensor,
        u32,
        u32,
        *mut DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
}

#[repr(C)]
pub struct StateValueV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub v: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
}

#[repr(C)]
pub struct PolicyV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub act: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        u32,
        u64,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
    pub log_prob: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        *const DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
    pub distribution: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        *mut DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    pub struct_size: u32,
    pub terminated: u32,
    pub truncated: u32,
    pub reserved: u32,
    pub reward: f64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvironmentSpec {
    pub struct_size: u32,
    pub horizon: u32,
    pub observation_dim: u64,
    pub action_dim: u64,
    pub state_dim: u64,
    pub action_low: f64,
    pub action_high: f64,
}

#[repr(C)]
pub struct EnvironmentDescriptor {
    pub struct_size: u32,
    pub determinism: u32,
    pub id: Str,
    pub version: Str,
    pub description: Str,
    pub model_files: *const Str,
    pub model_file_count: u64,
    pub create: unsafe extern "C" fn(*const Host, Str, Str, *mut *mut c_void, *mut Error) -> Status,
    pub spec: unsafe extern "C" fn(*mut c_void, *mut EnvironmentSpec, *mut Error) -> Status,
    pub reset: unsafe extern "C" fn(*mut c_void, u64, *mut DLTensor, *mut Error) -> Status,
    pub step: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *mut DLTensor,
        *mut Step,
        *mut Error,
    ) -> Status,
    pub set_state:
        unsafe extern "C" fn(*mut c_void, *const DLTensor, *mut DLTensor, *mut Error) -> Status,
    pub interface_table: unsafe extern "C" fn(*mut c_void, Str) -> *const c_void,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}

#[repr(C)]
pub struct OracleV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub optimal_action:
        unsafe extern "C" fn(*mut c_void, *const DLTensor, *mut DLTensor, *mut Error) -> Status,
    pub q: unsafe extern "C" fn(
        *mut c_void,
        u32,
        Str,
        *const DLTensor,
        *const DLTensor,
        *mut DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
    pub v: unsafe extern "C" fn(
        *mut c_void,
        u32,
        Str,
        *const DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
}

#[repr(C)]
pub struct PluginDescriptor {
    pub struct_size: u32,
    pub abi_major: u32,
    pub abi_minor_needed: u32,
    pub abi_minor: u32,
    pub id: Str,
    pub version: Str,
    pub license: Str,
    pub description: Str,
    pub runtimes: *const Str,
    pub runtime_count: u64,
    pub learners: *const *const LearnerDescriptor,
    pub learner_count: u64,
    pub environments: *const *const EnvironmentDescriptor,
    pub environment_count: u64,
}

pub type EntryFn = unsafe extern "C" fn() -> *const PluginDescriptor;

/// The sizes the header promises on a 64-bit platform, in the order of the header; the C test compares `sizeof`.
pub const STRUCT_SIZES: &[(&str, usize)] = &[
    ("assay_string", size_of::<Str>()),
    ("assay_error", size_of::<Error>()),
    ("DLTensor", size_of::<DLTensor>()),
    ("assay_writer", size_of::<Writer>()),
    ("assay_reader", size_of::<Reader>()),
    ("assay_batch", size_of::<Batch>()),
    ("assay_host", size_of::<Host>()),
    ("assay_problem", size_of::<Problem>()),
    ("assay_upstream", size_of::<Upstream>()),
    ("assay_learner_descriptor", size_of::<LearnerDescriptor>()),
    ("assay_critic_v1", size_of::<CriticV1>()),
    ("assay_state_value_v1", size_of::<StateValueV1>()),
    ("assay_policy_v1", size_of::<PolicyV1>()),
    ("assay_step", size_of::<Step>()),
    ("assay_environment_spec", size_of::<EnvironmentSpec>()),
    (
        "assay_environment_descriptor",
        size_of::<EnvironmentDescriptor>(),
    ),
    ("assay_oracle_v1", size_of::<OracleV1>()),
    ("assay_plugin_descriptor", size_of::<PluginDescriptor>()),
];

macro_rules! layout {
    ($type:ty, $size:expr, $($field:ident @ $offset:expr),+) => {
        const _: () = assert!(size_of::<$type>() == $size);
        $(const _: () = assert!(std::mem::offset_of!($type, $field) == $offset);)+
    };
}

layout!(Str, 16, data @ 0, size @ 8);
layout!(Error, 32, struct_size @ 0, code @ 4, message @ 8, capacity @ 16, size @ 24);
layout!(DLTensor, 48, data @ 0, device @ 8, ndim @ 16, dtype @ 20, shape @ 24, strides @ 32, byte_offset @ 40);
layout!(Writer, 24, ctx @ 8, write @ 16);
layout!(Reader, 24, ctx @ 8, read @ 16);
layout!(Batch, 64, observation @ 8, action @ 16, reward @ 24, terminated @ 32, next_observation @ 40, goal @ 48, row @ 56);
layout!(Host, 56, ctx @ 8, batch @ 16, random @ 24, log @ 32, metric @ 40, cancelled @ 48);
layout!(Problem, 88, precision @ 4, observation_dim @ 8, action_dim @ 16, action_count @ 24, goal_dim @ 32,
    action_low @ 40, action_high @ 48, discount @ 56, batch_size @ 64, updates @ 72, row_count @ 80);
layout!(Upstream, 56, role @ 8, interface_id @ 24, table @ 40, instance @ 48);
layout!(LearnerDescriptor, 152, determinism @ 4, id @ 8, version @ 24, description @ 40, requires_ids @ 56,
    requires_count @ 64, provides_ids @ 72, provides_count @ 80, hyperparameters_schema @ 88, create @ 104,
    update @ 112, save @ 120, load @ 128, interface_table @ 136, destroy @ 144);
layout!(CriticV1, 24, q @ 8, q_gradient @ 16);
layout!(StateValueV1, 16, v @ 8);
layout!(PolicyV1, 32, act @ 8, log_prob @ 16, distribution @ 24);
layout!(Step, 24, terminated @ 4, truncated @ 8, reserved @ 12, reward @ 16);
layout!(EnvironmentSpec, 48, horizon @ 4, observation_dim @ 8, action_dim @ 16, state_dim @ 24, action_low @ 32, action_high @ 40);
layout!(EnvironmentDescriptor, 128, determinism @ 4, id @ 8, version @ 24, description @ 40, model_files @ 56,
    model_file_count @ 64, create @ 72, spec @ 80, reset @ 88, step @ 96, set_state @ 104, interface_table @ 112,
    destroy @ 120);
layout!(OracleV1, 32, optimal_action @ 8, q @ 16, v @ 24);
layout!(PluginDescriptor, 128, abi_major @ 4, abi_minor_needed @ 8, abi_minor @ 12, id @ 16, version @ 32,
    license @ 48, description @ 64, runtimes @ 80, runtime_count @ 88, learners @ 96, learner_count @ 104,
    environments @ 112, environment_count @ 120);
