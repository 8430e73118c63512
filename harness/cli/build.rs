//! Exports the one symbol through which libtorch's matrix library learns the numeric mode (see `plugin_host::numeric`).
fn main() {
    println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol=mkl_serv_intel_cpu_true");
    println!("cargo:rerun-if-changed=build.rs");
}
