//! The few conversions between C values and Rust values that everything else is built on.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi;
use crate::failure::{Code, Failure, Outcome};
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A borrowed C view of a Rust string.
pub const fn string(text: &str) -> abi::Str {
    abi::Str {
        data: text.as_ptr().cast::<c_char>(),
        size: text.len() as u64,
    }
}

/// Reads a C string view.
///
/// # Safety
/// `text` must describe readable memory that stays valid for `'a`, or have size 0.
pub unsafe fn text<'a>(text: abi::Str) -> Outcome<&'a str> {
    if text.size == 0 {
        return Ok("");
    }
    if text.data.is_null() {
        return Err(Failure::invalid_argument(
            "a text is NULL but its size is not 0",
        ));
    }
    // SAFETY: the caller vouches for `size` readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.size as usize) };
    std::str::from_utf8(bytes).map_err(|_| Failure::invalid_argument("a text is not UTF-8"))
}

/// Copies a struct of the other side, which may be of an older or newer minor: what it lacks reads as zero, what it has
/// beyond `T` is left alone. Errors when it is NULL or smaller than `least` bytes; `name` names it in the message.
///
/// # Safety
/// `from` must be NULL or point to a struct that starts with its `struct_size` and has as many readable bytes; the first
/// `least` bytes of `T` must be its fields of the oldest minor, and zero bytes must be valid for all that follow.
pub unsafe fn prefix<T: Copy>(from: *const T, least: usize, name: &str) -> Outcome<T> {
    if from.is_null() {
        return Err(Failure::invalid_argument(format!("{name} is NULL")));
    }
    // SAFETY: non-NULL; the first field is the size.
    let size = unsafe { from.cast::<u32>().read() } as usize;
    if size < least {
        return Err(Failure::invalid_argument(format!(
            "{name} has {size} bytes, expected at least {least}"
        )));
    }
    let mut copy = std::mem::MaybeUninit::<T>::zeroed();
    let count = size.min(size_of::<T>());
    // SAFETY: `count` bytes are readable by the caller's promise and fit into `copy`; what is not copied is zero, which
    // the caller vouches for.
    unsafe {
        std::ptr::copy_nonoverlapping(from.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), count);
        Ok(copy.assume_init())
    }
}

/// Writes `failure` into the caller's error buffer (cut at a character boundary) and returns its status.
///
/// # Safety
/// `error` must be NULL or point to an error struct whose buffer has `capacity` writable bytes.
pub unsafe fn report(failure: &Failure, error: *mut abi::Error) -> abi::Status {
    let status = failure.code as u32;
    // SAFETY: the caller vouches for `error`.
    if let Some(out) = unsafe { error.as_mut() } {
        out.code = status;
        let mut size = failure.message.len().min(out.capacity as usize);
        while !failure.message.is_char_boundary(size) {
            size -= 1;
        }
        if !out.message.is_null() {
            // SAFETY: `size <= capacity` bytes are writable, and a Rust string does not overlap the caller's buffer.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    failure.message.as_ptr(),
                    out.message.cast::<u8>(),
                    size,
                )
            };
            out.size = size as u64;
        }
    }
    status
}

/// Runs `body`, turning a panic into `Internal` and any failure into a status with a message.
///
/// # Safety
/// As for [`report`].
pub unsafe fn guard(error: *mut abi::Error, body: impl FnOnce() -> Outcome<()>) -> abi::Status {
    let outcome = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(panic_failure(&*payload)));
    match outcome {
        Ok(()) => abi::OK,
        // SAFETY: forwarded from the caller.
        Err(failure) => unsafe { report(&failure, error) },
    }
}

/// The first line of a panic's message: libtorch appends a C++ backtrace to its own.
pub fn panic_failure(payload: &(dyn std::any::Any + Send)) -> Failure {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    let line = text.lines().next().unwrap_or_default();
    Failure::new(Code::Internal, format!("panicked: {line}"))
}

/// Calls a function of the other side with an error buffer and turns its status into an outcome.
pub fn call(function: impl FnOnce(*mut abi::Error) -> abi::Status) -> Outcome<()> {
    let mut buffer = [0u8; 1024];
    let mut error = abi::Error {
        struct_size: size_of::<abi::Error>() as u32,
        code: 0,
        message: buffer.as_mut_ptr().cast::<c_char>(),
        capacity: buffer.len() as u64,
        size: 0,
    };
    let status = function(&raw mut error);
    if status == abi::OK {
        return Ok(());
    }
    let size = (error.size as usize).min(buffer.len());
    let message = String::from_utf8_lossy(&buffer[..size]).into_owned();
    Err(Failure::new(Code::from_status(status), message))
}
