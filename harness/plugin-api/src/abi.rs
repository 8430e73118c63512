//! `#[repr(C)]` mirror of `include/assay/plugin.h`. The header is the specification and carries the contracts; this
//! file carries the layout, and the asserts in `layout` fail the build when a field moves.

#![allow(
    missing_docs,
    reason = "every item is documented in the C header that this file mirrors"
)]

use std::ffi::{c_char, c_void};

pub const ABI_MAJOR: u32 = 1;
pub const ABI_MINOR: u32 = 3;
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
pub const GOALS_NONE: u32 = 0;
pub const GOALS_VALUE: u32 = 1;
pub const GOALS_POLICY: u32 = 2;
pub const GOALS_FUTURE: u32 = 3;
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
pub const Q_ALL_V1: &str = "q-all/1";
pub const POLICY_DISCRETE_V1: &str = "policy-discrete/1";
pub const POLICY_UPDATE_V1: &str = "policy-update/1";
pub const TEST_TIME_V1: &str = "test-time/1";
pub const ENCODER_V1: &str = "encoder/1";
pub const ORACLE_V1: &str = "oracle/1";
pub const SPACES_V1: &str = "spaces/1";
pub const BEHAVIOUR_V1: &str = "behaviour/1";

/// What a learner may require of the benchmark, as the header lists it.
pub const BENCHMARK_NEEDS: [&str; 3] = ["goals", "discrete-actions", "continuous-actions"];

/// Every interface of learners, in the order of the header.
pub const LEARNER_INTERFACES: [&str; 8] = [
    CRITIC_V1,
    STATE_VALUE_V1,
    POLICY_V1,
    Q_ALL_V1,
    POLICY_DISCRETE_V1,
    POLICY_UPDATE_V1,
    TEST_TIME_V1,
    ENCODER_V1,
];

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
    pub next_action: *const DLTensor,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRequest {
    pub struct_size: u32,
    pub goals: u32,
    pub next_action: u32,
    pub held_out: u32,
}

pub type BatchWithFn = unsafe extern "C" fn(
    *mut c_void,
    Str,
    u64,
    *const BatchRequest,
    *mut Batch,
    *mut Error,
) -> Status;

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
    pub batch_with: Option<BatchWithFn>,
}

/// Size of `assay_host` in ABI 1.0.
pub const HOST_SIZE_1_0: usize = std::mem::offset_of!(Host, batch_with);
/// Size of `assay_batch` in ABI 1.0.
pub const BATCH_SIZE_1_0: usize = std::mem::offset_of!(Batch, next_action);
/// Size of `assay_problem` in ABI 1.0.
pub const PROBLEM_SIZE_1_0: usize = std::mem::offset_of!(Problem, observation_shape);

#[repr(C)]
#[derive(Clone, Copy)]
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
    pub observation_shape: [u64; 3],
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
pub struct QAllV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub q_all: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        u32,
        u32,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
}

#[repr(C)]
pub struct PolicyDiscreteV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub log_probs: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        *mut DLTensor,
        *mut Error,
    ) -> Status,
}

#[repr(C)]
pub struct PolicyUpdateV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub begin: unsafe extern "C" fn(*mut c_void, f64, *mut Error) -> Status,
    pub step: unsafe extern "C" fn(
        *mut c_void,
        *const DLTensor,
        *const DLTensor,
        *const DLTensor,
        f64,
        *mut f64,
        *mut Error,
    ) -> Status,
    pub reset: unsafe extern "C" fn(*mut c_void, *mut Error) -> Status,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct TestTimeCounts {
    pub struct_size: u32,
    pub sequential: u32,
    pub critic_gradients: u64,
    pub policy_updates: u64,
}

#[repr(C)]
pub struct TestTimeV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub begin_episode: unsafe extern "C" fn(*mut c_void, u64, *mut Error) -> Status,
    pub counts: unsafe extern "C" fn(*mut c_void, *mut TestTimeCounts, *mut Error) -> Status,
}

#[repr(C)]
pub struct EncoderV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub encode:
        unsafe extern "C" fn(*mut c_void, *const DLTensor, *mut DLTensor, *mut Error) -> Status,
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
#[derive(Clone, Copy, Debug, Default)]
pub struct Spaces {
    pub struct_size: u32,
    pub action_count: u32,
    pub goal_dim: u64,
    pub observation_shape: [u32; 3],
    pub reserved: u32,
}

#[repr(C)]
pub struct SpacesV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub describe: unsafe extern "C" fn(*mut c_void, *mut Spaces, *mut Error) -> Status,
    pub goal: unsafe extern "C" fn(*mut c_void, *mut DLTensor, *mut Error) -> Status,
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
#[derive(Clone, Copy)]
pub struct Behaviour {
    pub struct_size: u32,
    pub reserved: u32,
    pub name: Str,
    pub description: Str,
    pub parameters: Str,
}

#[repr(C)]
pub struct BehaviourV1 {
    pub struct_size: u32,
    pub reserved: u32,
    pub describe:
        unsafe extern "C" fn(*mut c_void, u64, *mut Behaviour, *mut u64, *mut Error) -> Status,
    pub begin:
        unsafe extern "C" fn(*mut c_void, Str, Str, u64, *mut DLTensor, *mut Error) -> Status,
    pub act: unsafe extern "C" fn(*mut c_void, *mut DLTensor, *mut Error) -> Status,
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

mod layout;

pub use layout::STRUCT_SIZES;
