//! MuJoCo's warnings and errors. Left alone, the library prints them to stdout and appends to a file in the working
//! folder; an error then ends the process with status 1 and no trace in the log.

#![allow(unsafe_code, reason = "MuJoCo reports through C function pointers")]

use mujoco_rs::mujoco_c;
use std::cell::RefCell;
use std::ffi::{CStr, c_char};
use std::io::Write;
use std::sync::Once;

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Routes MuJoCo's messages here, once per process. Call before anything else of MuJoCo.
pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        // SAFETY: both variables are plain pointers that MuJoCo reads when it reports; `Once` keeps writers apart, and
        // no call into MuJoCo of this library happens before.
        unsafe {
            mujoco_c::mju_user_warning = Some(on_warning);
            mujoco_c::mju_user_error = Some(on_error);
        }
    });
}

/// The warnings of this thread since the last call.
pub(crate) fn take_warnings() -> Vec<String> {
    WARNINGS.with(RefCell::take)
}

unsafe extern "C" fn on_warning(message: *const c_char) {
    // SAFETY: MuJoCo passes a NUL-terminated string that lives for the call.
    let text = unsafe { CStr::from_ptr(message) };
    WARNINGS.with_borrow_mut(|all| all.push(text.to_string_lossy().into_owned()));
}

/// MuJoCo's state is broken once it reports an error, and unwinding through its C frames is not allowed: the process
/// ends, with the reason on stderr, where the host's log is.
unsafe extern "C" fn on_error(message: *const c_char) {
    // SAFETY: as for warnings.
    let text = unsafe { CStr::from_ptr(message) };
    let _ = writeln!(
        std::io::stderr(),
        "mujoco error: {}",
        text.to_string_lossy()
    );
    std::process::abort();
}
