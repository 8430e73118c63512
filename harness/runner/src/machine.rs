//! Facts about the machine, for provenance.

use crate::clock;
use std::collections::BTreeMap;
use store::Provenance;

/// The provenance of a node finished now.
pub(crate) fn provenance(
    wall_time_s: f64,
    rate_per_s: f64,
    libraries: BTreeMap<String, String>,
) -> Provenance {
    Provenance {
        assay_version: env!("CARGO_PKG_VERSION").into(),
        cpu: cpu_model().unwrap_or_else(|| "unknown".into()),
        cores: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        system: system(),
        finished_unix_s: clock::unix_s(),
        wall_time_s,
        rate_per_s,
        resumed_from_update: 0,
        libraries,
        ms_per_action: None,
    }
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn system() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {}", std::env::consts::OS, kernel.trim())
}
