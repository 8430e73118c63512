//! The numeric mode: which instruction path the runtime's matrix kernels take. It changes low-order bits, so it is
//! requested in the manifest, resolved here, and part of the identity of a stage.
//!
//! MKL inside libtorch asks `mkl_serv_intel_cpu_true()` and takes its AVX2 path on any other vendor's processor, at
//! less than half the AVX-512 rate. The executable exports that symbol, so the answer is ours.

#![allow(
    unsafe_code,
    reason = "one exported symbol answers MKL's question about the processor"
)]

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI32, Ordering};

/// What was requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The widest vector path of this processor: fastest, bit-reproducible on one type of processor.
    #[default]
    Fast,
    /// AVX2 everywhere: slower on newer processors, bit-reproducible across x86-64 processors with AVX2.
    Portable,
}

/// What a worker uses; part of every stage's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Vector instructions of the matrix and elementwise kernels: `avx512` or `avx2`.
    pub instruction_path: String,
    /// Computing threads per worker.
    pub threads: u32,
}

/// Resolves a request on this machine. Errors with what is missing.
pub fn resolve(request: Request) -> Result<Resolved, String> {
    let avx512 = std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw");
    if !std::arch::is_x86_feature_detected!("avx2") || !std::arch::is_x86_feature_detected!("fma") {
        return Err("this processor has no AVX2 and FMA, which every numeric mode needs".into());
    }
    let path = match request {
        Request::Fast if avx512 => "avx512",
        Request::Fast | Request::Portable => "avx2",
    };
    Ok(Resolved {
        instruction_path: path.into(),
        threads: 1,
    })
}

/// Environment variables that a worker must be started with, so that every library in it takes the resolved path.
pub fn worker_environment(resolved: &Resolved) -> Vec<(String, String)> {
    let threads = resolved.threads.to_string();
    let mut vars: Vec<(String, String)> =
        ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
            .iter()
            .map(|name| ((*name).to_owned(), threads.clone()))
            .collect();
    vars.push((
        "ATEN_CPU_CAPABILITY".into(),
        resolved.instruction_path.clone(),
    ));
    if resolved.instruction_path == "avx2" {
        vars.push(("MKL_CBWR".into(), "AVX2".into()));
        vars.push(("ONEDNN_MAX_CPU_ISA".into(), "AVX2".into()));
    }
    vars
}

static WIDEST: AtomicI32 = AtomicI32::new(1);

/// Chooses the answer to MKL's question. Call before any runtime is loaded.
pub fn apply(resolved: &Resolved) {
    WIDEST.store(
        i32::from(resolved.instruction_path == "avx512"),
        Ordering::SeqCst,
    );
}

/// MKL's vendor question; 1 lets it use every instruction that the processor reports.
#[unsafe(no_mangle)]
pub extern "C" fn mkl_serv_intel_cpu_true() -> i32 {
    WIDEST.load(Ordering::SeqCst)
}

// Keeps the symbol in the executable, from which the runtime binds it.
#[used]
static KEEP: extern "C" fn() -> i32 = mkl_serv_intel_cpu_true;
