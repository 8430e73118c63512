//! Writes the pinned data files of this crate anew: `cargo run -p envs --example pin -- harness/envs/data`.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder =
        std::path::PathBuf::from(std::env::args().nth(1).ok_or("expected the data folder")?);
    std::fs::write(
        folder.join("cbandit_constants.csv"),
        envs::cbandit::constants::to_csv(&envs::cbandit::constants::draw()),
    )?;
    Ok(())
}
