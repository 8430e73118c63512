//! Tests of the statistics on small study folders. One binary, because linking Polars dominates the build.

// `cfg(test)` always holds here; it tells the lints that helpers may unwrap, too.
#[cfg(test)]
mod aggregates;
#[cfg(test)]
mod cells;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod diagnosis;
#[cfg(test)]
mod fits;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod quickstart;
#[cfg(test)]
mod selection;
#[cfg(test)]
mod tuning;
#[cfg(test)]
mod verdicts;
