//! The numeric mode: which instruction path the runtime's matrix kernels take. It changes low-order bits, so it is
//! requested in the manifest, resolved here, and part of the identity of a stage.
//!
//! MKL inside libtorch asks `mkl_serv_intel_cpu_true()`. On a processor of another vendor it takes AVX2 where AVX-512 would
//! be twice as fast, and answers a request for a path (`MKL_CBWR=AVX2`) with SSE2, at a third of the rate. The executable
//! exports that symbol and says yes, so the requested path is the one taken, whoever made the processor.

#![allow(
    unsafe_code,
    reason = "one exported symbol answers MKL's question about the processor"
)]

use serde::{Deserialize, Serialize};

const AVX512: &str = "avx512";
const AVX2: &str = "avx2-fma";

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
    /// Vector instructions of the matrix and elementwise kernels: `avx512` or `avx2-fma`.
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
        Request::Fast if avx512 => AVX512,
        Request::Fast | Request::Portable => AVX2,
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
    let narrow = resolved.instruction_path == AVX2;
    let capability = if narrow { "avx2" } else { "avx512" };
    vars.push(("ATEN_CPU_CAPABILITY".into(), capability.into()));
    if narrow {
        vars.push(("MKL_CBWR".into(), "AVX2".into()));
        vars.push(("ONEDNN_MAX_CPU_ISA".into(), "AVX2".into()));
    }
    vars
}

/// MKL's vendor question; 1 lets it use every instruction that the processor reports, and the path that is requested.
#[unsafe(no_mangle)]
pub extern "C" fn mkl_serv_intel_cpu_true() -> i32 {
    1
}

// Keeps the symbol in the executable, from which the runtime binds it.
#[used]
static KEEP: extern "C" fn() -> i32 = mkl_serv_intel_cpu_true;
