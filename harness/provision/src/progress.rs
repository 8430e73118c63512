//! What happens while a component is provided, told to the caller.

use std::path::Path;

use crate::component::Component;

/// The part of the work that an [`Event::Advance`] measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wheels are being downloaded; bytes of wheel files.
    Download,
    /// Wheels are being checked against their SHA-256; bytes of wheel files.
    Check,
    /// Files are being unpacked; bytes of unpacked files.
    Unpack,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Another process is fetching the same component; this one waits for the lock.
    Waiting {
        /// What is wanted.
        component: Component,
        /// The lock file that the other process holds.
        lock: &'a Path,
    },
    /// Work begins. Sent once, before anything is fetched.
    Starting {
        /// What is wanted.
        component: Component,
        /// Bytes that will come over the network; zero when local wheels are used.
        download_bytes: u64,
        /// Bytes that the unpacked component takes on disk.
        disk_bytes: u64,
        /// Where the component will be kept.
        folder: &'a Path,
    },
    /// `completed` of `total` bytes of a step.
    Advance {
        /// What is wanted.
        component: Component,
        /// The running step.
        step: Step,
        /// Bytes so far, never more than `total`.
        completed: u64,
        /// Bytes of the whole step over all wheels.
        total: u64,
    },
    /// The component is in place.
    Finished {
        /// What is ready.
        component: Component,
        /// Where it is.
        folder: &'a Path,
    },
}

/// Receives events. Called from the thread that called [`crate::ensure`], a few times a second.
pub trait Progress {
    /// Takes one event; must not block.
    fn report(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Progress for F {
    fn report(&mut self, event: &Event<'_>) {
        self(event);
    }
}

/// Ignores all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&mut self, _event: &Event<'_>) {}
}
