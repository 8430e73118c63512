//! NPZ files: zip archives of `.npy` arrays. Members are read as streams, side by side.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use flate2::Crc;
use zip::{CompressionMethod, ZipArchive};

use super::arrays::{Array, Kind, Store};
use super::inflate::Inflate;
use super::npy::Header;
use super::{EXPANSION, problem};
use crate::error::{Error, ImportProblem, Result};
use crate::writer::io_error;

/// Members of an archive, at most.
const MAX_MEMBERS: usize = 4096;

/// Read from the file at a time.
const BLOCK: usize = 1 << 16;

/// An NPZ file and where its members are.
pub(super) struct Npz {
    path: PathBuf,
    members: BTreeMap<String, Place>,
    keys: Vec<String>,
}

/// Where a member is in the file.
#[derive(Clone, Copy)]
struct Place {
    start: u64,
    compressed: u64,
    bytes: u64,
    crc: u32,
    deflated: bool,
}

impl Npz {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(io_error(path, "open the file"))?;
        let length = file
            .metadata()
            .map_err(io_error(path, "read the file"))?
            .len();
        let mut archive = ZipArchive::new(BufReader::new(file))
            .map_err(|source| zip_error(path, "the list of members", source))?;
        if archive.len() > MAX_MEMBERS {
            let found = format!("{} members", archive.len());
            let (object, limit) = ("the archive".to_owned(), MAX_MEMBERS.to_string());
            return Err(problem(
                path,
                ImportProblem::TooLarge {
                    object,
                    found,
                    limit,
                },
            ));
        }
        let mut members = BTreeMap::new();
        for index in 0..archive.len() {
            let member = archive
                .by_index_raw(index)
                .map_err(|source| zip_error(path, &format!("member {index}"), source))?;
            let name = match member.name() {
                Ok(name) => name.into_owned(),
                Err(source) => return Err(zip_error(path, &format!("member {index}"), source)),
            };
            if member.enclosed_name().is_none() {
                return Err(problem(path, ImportProblem::UnsafeName { name }));
            }
            let Some(key) = name.strip_suffix(".npy") else {
                continue;
            };
            let damaged = |found: &str| {
                let (object, found) = (format!("member `{name}`"), found.to_owned());
                problem(path, ImportProblem::Damaged { object, found })
            };
            let deflated = match member.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => return Err(damaged("compressed by a method that NumPy does not use")),
            };
            if member.encrypted() {
                return Err(damaged("encrypted"));
            }
            let place = Place {
                start: member
                    .data_start()
                    .ok_or_else(|| damaged("its place is not known"))?,
                compressed: member.compressed_size(),
                bytes: member.size(),
                crc: member.crc32(),
                deflated,
            };
            place.check(length).map_err(damaged)?;
            members.insert(key.to_owned(), place);
        }
        let keys = members.keys().cloned().collect();
        let path = path.to_owned();
        Ok(Self {
            path,
            members,
            keys,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the members without `.npy`, sorted.
    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(super) fn find(&self, key: &str) -> Result<Option<Array>> {
        let Some(&place) = self.members.get(key) else {
            return Ok(None);
        };
        let mut member = Member::open(&self.path, key, place)?;
        let damaged = |found: String| {
            let object = format!("array `{key}`");
            problem(&self.path, ImportProblem::Damaged { object, found })
        };
        let header = Header::read(&mut member.stream).map_err(damaged)?;
        let known = !matches!(header.kind, Kind::Objects | Kind::Other);
        let expected = header
            .value_bytes()
            .and_then(|n| n.checked_add(header.length));
        if known && expected != Some(place.bytes) {
            let claimed = expected.map_or("more than 2^64".to_owned(), |n| n.to_string());
            return Err(damaged(format!(
                "its header claims {claimed} bytes, but the member has {}",
                place.bytes
            )));
        }
        if known && header.fortran && header.shape.len() > 1 && header.shape[1..] != [1] {
            let array = key.to_owned();
            return Err(problem(&self.path, ImportProblem::FortranOrder { array }));
        }
        let sides = header.shape.iter().skip(1);
        member.row = sides.fold(header.element, |n, &side| n.saturating_mul(side));
        member.left = header.shape.first().copied().unwrap_or(0);
        member.big_endian = header.big_endian;
        member.kind = header.kind;
        Ok(Some(Array::new(
            &self.path,
            key,
            header.shape,
            (header.kind, header.dtype),
            Store::Npz(Box::new(member)),
        )))
    }
}

impl Place {
    /// Deflate expands by at most a factor of 1032.
    fn check(&self, file: u64) -> Result<(), &'static str> {
        if self
            .start
            .checked_add(self.compressed)
            .is_none_or(|end| end > file)
        {
            return Err("it reaches beyond the end of the file");
        }
        let most = if self.deflated {
            self.compressed.saturating_mul(EXPANSION)
        } else {
            self.compressed
        };
        if self.bytes > most {
            return Err("it claims more bytes than its compressed bytes can give");
        }
        Ok(())
    }
}

fn zip_error(path: &Path, object: &str, source: zip::result::ZipError) -> Error {
    let object = object.to_owned();
    problem(path, ImportProblem::Zip { object, source })
}

/// A member that is being read, front to back.
pub(super) struct Member {
    path: PathBuf,
    key: String,
    stream: Checked,
    kind: Kind,
    big_endian: bool,
    /// Bytes of a row.
    row: u64,
    /// Rows that are not read yet.
    left: u64,
}

impl Member {
    fn open(path: &Path, key: &str, place: Place) -> Result<Self> {
        let mut file = File::open(path).map_err(io_error(path, "open the file"))?;
        file.seek(SeekFrom::Start(place.start))
            .map_err(io_error(path, "read the file"))?;
        let raw = BufReader::with_capacity(BLOCK, file).take(place.compressed);
        let body = if place.deflated {
            Body::Deflated(Box::new(Inflate::new(raw, place.compressed, place.bytes)))
        } else {
            Body::Stored(raw)
        };
        let (crc, expected) = (Crc::new(), place.crc);
        Ok(Self {
            path: path.to_owned(),
            key: key.to_owned(),
            stream: Checked {
                body,
                crc,
                expected,
            },
            kind: Kind::Other,
            big_endian: false,
            row: 0,
            left: 0,
        })
    }

    fn damaged(&self, found: String) -> Error {
        let object = format!("array `{}`", self.key);
        problem(&self.path, ImportProblem::Damaged { object, found })
    }

    /// The bytes of the next `count` rows.
    pub(super) fn rows(&mut self, count: u64) -> Result<Vec<u8>> {
        if count > self.left {
            return Err(self.damaged(format!("{count} rows asked for, {} left", self.left)));
        }
        let mut bytes = vec![0; (count * self.row) as usize];
        let read = self.stream.read_exact(&mut bytes);
        read.map_err(|error| self.damaged(format!("its values cannot be read: {error}")))?;
        self.left -= count;
        if self.left == 0 {
            self.finish()?;
        }
        Ok(bytes)
    }

    /// After the last row: the member ends here, and its bytes are those that were stored.
    fn finish(&mut self) -> Result<()> {
        match self.stream.read(&mut [0]) {
            Ok(0) if self.stream.crc.sum() == self.stream.expected => Ok(()),
            Ok(0) => Err(self.damaged("its checksum is wrong".to_owned())),
            Ok(_) => Err(self.damaged("it goes on after its last row".to_owned())),
            Err(error) => Err(self.damaged(format!("its end cannot be read: {error}"))),
        }
    }

    pub(super) fn singles(&mut self, count: u64) -> Result<Vec<f32>> {
        let bytes = self.rows(count)?;
        Ok(decode(
            &bytes,
            self.big_endian,
            f32::from_le_bytes,
            f32::from_be_bytes,
        ))
    }

    pub(super) fn doubles(&mut self, count: u64) -> Result<Vec<f64>> {
        let bytes = self.rows(count)?;
        Ok(decode(
            &bytes,
            self.big_endian,
            f64::from_le_bytes,
            f64::from_be_bytes,
        ))
    }

    pub(super) fn integers(&mut self, count: u64) -> Result<Vec<i64>> {
        let bytes = self.rows(count)?;
        let Kind::Int {
            bytes: size,
            signed,
        } = self.kind
        else {
            return Err(self.damaged("its elements are no integers".to_owned()));
        };
        let value = |chunk: &[u8]| {
            let mut all = [0; 8];
            for (i, &byte) in chunk.iter().enumerate() {
                all[if self.big_endian { size - 1 - i } else { i }] = byte;
            }
            let value = i64::from_le_bytes(all);
            let unused = 64 - 8 * size as u32;
            if signed {
                (value << unused) >> unused
            } else if value < 0 {
                // Beyond i64, and beyond every use.
                i64::MAX
            } else {
                value
            }
        };
        Ok(bytes.chunks_exact(size).map(value).collect())
    }
}

fn decode<T, const N: usize>(
    bytes: &[u8],
    big_endian: bool,
    little: impl Fn([u8; N]) -> T,
    big: impl Fn([u8; N]) -> T,
) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    if big_endian {
        chunks.iter().map(|&chunk| big(chunk)).collect()
    } else {
        chunks.iter().map(|&chunk| little(chunk)).collect()
    }
}

enum Body {
    Stored(Take<BufReader<File>>),
    Deflated(Box<Inflate<Take<BufReader<File>>>>),
}

/// The decompressed bytes of a member, with their checksum.
struct Checked {
    body: Body,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = match &mut self.body {
            Body::Stored(raw) => raw.read(buffer)?,
            Body::Deflated(decoder) => decoder.read(buffer)?,
        };
        self.crc.update(&buffer[..n]);
        Ok(n)
    }
}
