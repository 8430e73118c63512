//! Damaged files of every layout: no panic, bounded memory, nothing left behind.
//!
//! Two thousand mutations of each layout's small file; `ASSAY_TEST_DRAWS` sets another number.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use common::{fixture, id, tree};
use dataset::import::{ImportOptions, Layout, Mapping, import};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const DRAWS: u64 = 2000;

/// The limits of the importers allow a chunk or an episode of 256 MiB, in a few copies.
const MAX_PEAK_KIB: u64 = 1 << 20;

#[allow(clippy::disallowed_methods, reason = "tests have no settings module")]
fn draws() -> u64 {
    let draws = std::env::var("ASSAY_TEST_DRAWS").ok();
    draws.map_or(DRAWS, |text| text.parse().unwrap())
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Numbers that claim much, or break arithmetic.
const NUMBERS: [u64; 10] = [
    0,
    1,
    0x7f,
    0xff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 40,
    1 << 60,
    u64::MAX,
];

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    match random.below(7) {
        0 => {
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
        1 => {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        2 => bytes.truncate(random.below(bytes.len())),
        3 => splice(random, bytes),
        4 => {
            // A number where one may be: headers are mostly at the start and at the end.
            let reach = bytes.len().min(1 << (3 + random.below(12)));
            let from_end = random.below(2) == 0;
            let offset = random.below(reach);
            let at = if from_end {
                bytes.len() - 1 - offset
            } else {
                offset
            };
            let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
            let size = [1, 2, 4, 8][random.below(4)].min(bytes.len() - at);
            bytes[at..at + size].copy_from_slice(&number[..size]);
        }
        5 => digits(random, bytes),
        _ => {
            let at = random.below(bytes.len());
            let more: Vec<u8> = (0..random.below(40)).map(|_| random.next() as u8).collect();
            bytes.splice(at..at, more);
        }
    }
}

/// A piece of the file over another place.
fn splice(random: &mut Random, bytes: &mut [u8]) {
    let length = 1 + random.below(bytes.len().min(64));
    let from = random.below(bytes.len() - length + 1);
    let to = random.below(bytes.len() - length + 1);
    bytes.copy_within(from..from + length, to);
}

/// Another number where text has one.
fn digits(random: &mut Random, bytes: &mut Vec<u8>) {
    let places: Vec<usize> = (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit())
        .collect();
    let Some(&at) = places.get(random.below(places.len())) else {
        return splice(random, bytes);
    };
    let text = match random.below(4) {
        0 => "1152921504606846976".to_owned(),
        1 => "nan".to_owned(),
        2 => "-1".to_owned(),
        _ => random.below(1000).to_string(),
    };
    bytes.splice(at..at + 1, text.into_bytes());
}

/// Mutates a member of an archive under a right checksum, so that what is inside gets read.
fn mutate_member(random: &mut Random, bytes: &mut Vec<u8>) {
    let mut archive = ZipArchive::new(Cursor::new(bytes.as_slice())).unwrap();
    let chosen = random.below(archive.len());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        if index == chosen {
            // Most of a member is values; what claims something is its header.
            let values = content.split_off(content.len().min(128));
            if random.below(4) > 0 {
                mutate(random, &mut content);
                content.extend(values);
            } else {
                content.extend(values);
                mutate(random, &mut content);
            }
        }
        let name = member.name().unwrap().into_owned();
        writer.start_file(name, options).unwrap();
        writer.write_all(&content).unwrap();
    }
    *bytes = writer.finish().unwrap().into_inner();
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
        return;
    }
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

fn files(source: &Path) -> Vec<PathBuf> {
    if source.is_file() {
        return vec![source.to_owned()];
    }
    let names = tree(source).into_iter().map(|name| source.join(name));
    names.filter(|path| path.is_file()).collect()
}

fn options() -> ImportOptions {
    let mut options = ImportOptions::new(id("toy/mutated-v0"));
    options.environment = Some("toy/plain-v0".to_owned());
    options.convert_f64 = true;
    let text = std::fs::read_to_string(fixture("layouts/mapping.toml")).unwrap();
    options.mapping = Some(Mapping::parse(&text).unwrap());
    options
}

/// In memory where the system has such a folder: what is accepted is flushed, which takes long on a disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let kept = memory.is_dir().then(|| tempfile::tempdir_in(memory).ok());
    kept.flatten()
        .unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn check(name: &str, layout: Layout) {
    let folder = folder();
    let source = folder.path().join(Path::new(name).file_name().unwrap());
    copy(&fixture("layouts").join(name), &source);
    let root = folder.path().join("data");
    let files = files(&source);
    let options = options();
    let seed = name
        .bytes()
        .fold(7, |n: u64, b| n.wrapping_mul(31) + u64::from(b));
    let mut random = Random(seed);
    let mut accepted = 0;
    for draw in 0..draws() {
        let path = &files[random.below(files.len())];
        let good = std::fs::read(path).unwrap();
        let mut bytes = good.clone();
        if bytes.starts_with(b"PK") && random.below(2) == 0 {
            mutate_member(&mut random, &mut bytes);
        } else {
            for _ in 0..=random.below(3) {
                mutate(&mut random, &mut bytes);
            }
        }
        std::fs::write(path, &bytes).unwrap();
        // By content one time in four.
        let layout = (random.below(4) > 0).then_some(layout);
        let result = catch_unwind(AssertUnwindSafe(|| {
            import(&root, &source, layout, &options, &mut |_, _| {})
        }));
        let Ok(result) = result else {
            panic!("{name}: mutation {draw} of {} panics", path.display())
        };
        match result {
            Ok(_) => {
                accepted += 1;
                std::fs::remove_dir_all(root.join("toy")).unwrap();
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        if root.is_dir() {
            assert_eq!(tree(&root), Vec::<String>::new(), "{name}: mutation {draw}");
        }
        std::fs::write(path, &good).unwrap();
    }
    // Some mutations change values only; were there none, nothing beyond the checks of headers would run.
    assert!(draws() < 1000 || accepted > 0, "{name}: all were refused");
    let peak = peak_kib();
    assert!(peak < MAX_PEAK_KIB, "{name}: {peak} KiB");
}

macro_rules! layouts {
    ($($test:ident: $file:literal, $layout:ident;)*) => {
        $(#[test]
        fn $test() {
            check($file, Layout::$layout);
        })*
    };
}

layouts! {
    d4rl: "toy-d4rl.hdf5", D4rl;
    npz: "toy-npz.npz", Npz;
    ogbench: "toy-ogbench.npz", Ogbench;
    neorl: "toy-neorl.npz", Neorl;
    imitation: "toy-imitation.npz", Imitation;
    d3rlpy: "toy-d3rlpy.h5", D3rlpy;
    minari_hdf5: "toy-minari-hdf5", Minari;
    minari_arrow: "toy-minari-arrow", Minari;
    exorl: "toy-exorl", Exorl;
    parquet: "toy.parquet", Parquet;
    csv: "toy.csv", Csv;
}
