//! The one place that writes to stdout and stderr: data to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};

/// A line (or block) of data.
pub(crate) fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`assay table | head`) is the reader's decision, not an error.
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// A line for the person at the terminal.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error with its hint.
pub(crate) fn error(message: &str, hint: Option<&str>) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "error: {message}");
    if let Some(hint) = hint {
        let _ = writeln!(err, "\nhint: {hint}");
    }
}

/// Whether progress may be redrawn in place.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
