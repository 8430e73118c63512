//! Renderings of a small study: committed snapshots, equal bytes for equal input, figures that parse and show holes.

// `cfg(test)` always holds here; it tells the lints that helpers may unwrap, too.
#[cfg(test)]
mod chosen;
#[cfg(test)]
#[path = "../../../analysis/tests/all/fixture/mod.rs"]
mod fixture;
#[cfg(test)]
mod page;
#[cfg(test)]
mod pairs;
#[cfg(test)]
mod renderings;
