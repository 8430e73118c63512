//! A host for tests and the place of the model files.

#![allow(
    unsafe_code,
    reason = "the tests play the host's side of the C boundary"
)]
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(
    clippy::print_stdout,
    reason = "the test harness shows the log and the reason of a skip"
)]

use manifest::random::Family;
use mujoco::Locomotion;
use plugin_api::{Environment, Host, Outcome, abi, raw};
use std::ffi::c_void;
use std::path::PathBuf;

unsafe extern "C" fn no_batch(
    _: *mut c_void,
    _: abi::Str,
    _: u64,
    _: *mut abi::Batch,
    _: *mut abi::Error,
) -> abi::Status {
    abi::INVALID_ARGUMENT
}

unsafe extern "C" fn random(
    _: *mut c_void,
    stream: abi::Str,
    position: u64,
    kind: u32,
    out: *mut f64,
    count: u64,
    _: *mut abi::Error,
) -> abi::Status {
    // SAFETY: the SDK passes a valid text and `count` writable numbers.
    let (name, out) = unsafe {
        (
            raw::text(stream).expect("a UTF-8 name"),
            std::slice::from_raw_parts_mut(out, count as usize),
        )
    };
    let mut draws = Family::new(7, &["environment", name]).at(position);
    for x in out {
        *x = match kind {
            abi::UNIFORM => draws.uniform(),
            _ => draws.normal(),
        };
    }
    abi::OK
}

unsafe extern "C" fn log(_: *mut c_void, _: u32, line: abi::Str) {
    // SAFETY: the SDK passes a valid text.
    println!("log: {}", unsafe { raw::text(line) }.expect("UTF-8"));
}

unsafe extern "C" fn no_metric(
    _: *mut c_void,
    _: abi::Str,
    _: u64,
    _: f64,
    _: *mut abi::Error,
) -> abi::Status {
    abi::INVALID_ARGUMENT
}

unsafe extern "C" fn never(_: *mut c_void) -> u32 {
    0
}

static TABLE: HostTable = HostTable(abi::Host {
    struct_size: size_of::<abi::Host>() as u32,
    abi_minor: abi::ABI_MINOR,
    ctx: std::ptr::null_mut(),
    batch: no_batch,
    random,
    log,
    metric: no_metric,
    cancelled: never,
    batch_with: None,
});

struct HostTable(abi::Host);
// SAFETY: the table is immutable and its context is NULL.
unsafe impl Sync for HostTable {}

/// A host with random numbers, a log and no data.
pub(crate) fn host() -> Host {
    // SAFETY: the table is static.
    unsafe { Host::from_raw(&raw const TABLE.0) }.expect("a valid table")
}

/// The folder of gymnasium's model files, or None after printing why the test is skipped.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
pub(crate) fn model_dir() -> Option<PathBuf> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cached = || {
        let cache = path("ASSAY_CACHE")
            .or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("assay")))
            .or_else(|| path("HOME").map(|folder| folder.join(".cache/assay")))?;
        Some(cache.join("gymnasium-1.4.0"))
    };
    let found = path("ASSAY_TEST_MODELS").or_else(cached)?;
    if found.join("hopper.xml").is_file() {
        return Some(found);
    }
    println!(
        "skipped: no hopper.xml in {}; set ASSAY_TEST_MODELS to gymnasium's envs/mujoco/assets",
        found.display()
    );
    None
}

/// The environment `id`, or None where the models are absent.
pub(crate) fn open(id: &str) -> Option<Locomotion> {
    Some(create(id, &model_dir()?).expect("the environment is created"))
}

/// `Locomotion::create` with the host of these tests.
pub(crate) fn create(id: &str, model_dir: &std::path::Path) -> Outcome<Locomotion> {
    Locomotion::create(host(), id, model_dir)
}

/// An observation buffer of the right size.
pub(crate) fn buffer(environment: &Locomotion) -> Vec<f64> {
    vec![0.0; environment.spec().observation_dim]
}
