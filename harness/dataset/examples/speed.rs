//! The work that `benchmarks/speed/datasets.py` measures, without the rest of the program:
//!
//! * `speed import SOURCE ROOT [none|zstd LEVEL]` imports a file as the dataset `speed/measured-v0`.
//! * `speed file FILE` and `speed logical FILE` compute a data file's digests, and print the digest.
//! * `speed size FILE` prints the bytes of all values of a dataset, decoded, without final observations.

#![allow(clippy::print_stdout, reason = "a measurement, read by a script")]

use std::error::Error;
use std::path::Path;

use dataset::import::{ImportOptions, import};
use dataset::{Compression, Dataset, Dtype, file_digest};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["import", source, root, ref rest @ ..] => {
            let mut options = ImportOptions::new("speed/measured-v0".parse()?);
            options.environment = Some("hopper/d4rl-v4".to_owned());
            options.convert_f64 = true;
            options.write.overwrite = true;
            options.write.compression = match rest {
                [] => options.write.compression,
                ["zstd", level] => Compression::Zstd(level.parse()?),
                _ => Compression::None,
            };
            let written = import(
                Path::new(root),
                Path::new(source),
                None,
                &options,
                &mut |_, _| {},
            )?;
            println!("{}", written.metadata.logical_digest);
        }
        ["file", file] => println!("{}", file_digest(Path::new(file))?),
        ["logical", file] => println!(
            "{}",
            Dataset::open_file(Path::new(file))?.digests()?.logical
        ),
        ["size", file] => println!("{}", decoded_bytes(&Dataset::open_file(Path::new(file))?)),
        _ => return Err("expected import, file, logical or size".into()),
    }
    Ok(())
}

fn decoded_bytes(dataset: &Dataset) -> u64 {
    let columns = dataset.metadata().columns.iter().map(|c| &c.column);
    let stored = columns.filter(|column| column.name != "final_observation");
    let row: u64 = stored
        .map(|column| {
            let element = match column.dtype {
                Dtype::Bool => 1,
                Dtype::U32 | Dtype::F32 => 4,
                Dtype::F64 => 8,
            };
            element * u64::from(column.width)
        })
        .sum();
    dataset.metadata().counts.transitions * row
}
