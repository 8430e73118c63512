//! A host for tests, the place of the model files, and the replay of golden files.

#![allow(
    unsafe_code,
    reason = "the tests play the host's side of the C boundary"
)]
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(
    clippy::print_stdout,
    reason = "the test harness shows the log and the reason of a skip"
)]

pub(crate) mod replay;

use manifest::random::Family;
use plugin_api::{Environment, Host, Outcome, abi, raw};
use std::cell::RefCell;
use std::ffi::c_void;
use std::path::PathBuf;

thread_local! {
    /// What every draw of this thread gives instead of random numbers, if set.
    static SET_DRAWS: RefCell<Option<Vec<f64>>> = const { RefCell::new(None) };
}

/// Lets every draw of this thread give `draws`.
pub(crate) fn set_draws(draws: &[f64]) {
    SET_DRAWS.set(Some(draws.to_vec()));
}

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
    if let Some(set) = SET_DRAWS.with_borrow(Clone::clone) {
        out.copy_from_slice(&set);
        return abi::OK;
    }
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

/// The folder with one folder of model files per package, or None after printing why the test is skipped.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
pub(crate) fn model_dir(files: &[&str]) -> Option<PathBuf> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cached = || {
        let cache = path("ASSAY_CACHE")
            .or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("assay")))
            .or_else(|| path("HOME").map(|folder| folder.join(".cache/assay")))?;
        Some(cache)
    };
    let found = path("ASSAY_TEST_MODELS").or_else(cached)?;
    let Some(missing) = files.iter().find(|file| !found.join(file).is_file()) else {
        return Some(found);
    };
    println!(
        "skipped: no {missing} in {}; `cargo xtask test` fetches it",
        found.display()
    );
    None
}

/// The environment `id`, or None where its models are absent.
pub(crate) fn open<E: Environment>(id: &str) -> Option<E> {
    let mut infos = E::INFOS.iter();
    let info = infos.find(|info| info.id == id).expect("a known id");
    Some(create(id, &model_dir(info.model_files)?).expect("the environment is created"))
}

/// `Environment::create` with the host of these tests.
pub(crate) fn create<E: Environment>(id: &str, model_dir: &std::path::Path) -> Outcome<E> {
    E::create(host(), id, model_dir)
}

/// An observation buffer of the right size.
pub(crate) fn buffer(environment: &impl Environment) -> Vec<f64> {
    vec![0.0; environment.spec().observation_dim]
}

/// Starts episode `seed`; returns its observation.
pub(crate) fn start(environment: &mut impl Environment, seed: u64) -> Vec<f64> {
    let mut observation = buffer(environment);
    environment
        .reset(seed, &mut observation)
        .expect("a reset never fails");
    observation
}
