//! The raw deflate streams of zip members, decompressed front to back in bounded memory.
//!
//! `fdeflate` decodes what barely compresses, as real numbers do, a fifth faster than `zlib-rs` and about as fast as
//! `libdeflate`, which would need the whole member in memory. It expects a frame around the stream, which is made up here:
//! a header before it and, because a sum is kept by the caller, any four bytes after it.

use std::io::{Error, ErrorKind, Read, Result};

use fdeflate::Decompressor;

/// How far back a stream refers.
const REACH: usize = 1 << 15;

/// Bytes of the window, at most.
const WINDOW: usize = 9 * REACH;

/// Compressed bytes that are held, at most.
const BLOCK: usize = 1 << 16;

/// Room for either, at least.
const LEAST: usize = 1 << 8;

/// A header of the frame that announces the largest reach.
const HEADER: [u8; 2] = [0x78, 0x01];

/// A stream that is being read.
pub(super) struct Inflate<R> {
    source: R,
    decoder: Decompressor,
    /// What was decoded last, of which `given..decoded` is not given out yet.
    window: Vec<u8>,
    given: usize,
    decoded: usize,
    /// Compressed bytes, of which `used..held` are not decoded yet.
    block: Vec<u8>,
    used: usize,
    held: usize,
    /// Whether the bytes after the stream were given to the decoder.
    closed: bool,
}

impl<R: Read> Inflate<R> {
    /// A stream of about `compressed` bytes that become about `bytes`: of small ones there are many, and their room is
    /// small, too.
    pub(super) fn new(source: R, compressed: u64, bytes: u64) -> Self {
        let room = |size: u64, most: usize| {
            usize::try_from(size).map_or(most, |size| size.clamp(LEAST, most))
        };
        let mut decoder = Decompressor::new();
        decoder.ignore_adler32();
        let mut block = vec![0; room(compressed, BLOCK)];
        block[..HEADER.len()].copy_from_slice(&HEADER);
        Self {
            source,
            decoder,
            window: vec![0; room(bytes, WINDOW)],
            given: 0,
            decoded: 0,
            block,
            used: 0,
            held: HEADER.len(),
            closed: false,
        }
    }

    /// Decodes until there is something to give, or the stream has ended.
    fn decode(&mut self) -> Result<()> {
        while self.given == self.decoded && !self.decoder.is_done() {
            if self.used == self.held {
                self.fill()?;
            }
            if self.decoded == self.window.len() && self.decoded < WINDOW {
                self.window.resize(WINDOW, 0);
            }
            if self.decoded == self.window.len() {
                self.window.copy_within(self.decoded - REACH.., 0);
                self.given = REACH;
                self.decoded = REACH;
            }
            let block = &self.block[self.used..self.held];
            let (used, decoded) = self
                .decoder
                .read(block, &mut self.window, self.decoded, false)
                .map_err(|error| Error::new(ErrorKind::InvalidData, format!("{error:?}")))?;
            self.used += used;
            self.decoded += decoded;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        self.used = 0;
        self.held = self.source.read(&mut self.block)?;
        if self.held == 0 {
            if self.closed {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.closed = true;
            self.block[..4].fill(0);
            self.held = 4;
        }
        Ok(())
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.decode()?;
        let count = buffer.len().min(self.decoded - self.given);
        buffer[..count].copy_from_slice(&self.window[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn deflated(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Gives three bytes at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let count = buffer.len().min(3);
            self.0.read(&mut buffer[..count])
        }
    }

    /// Noise, repetitions at every distance, and runs.
    fn bytes(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut out: Vec<u8> = Vec::new();
        while out.len() < length {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (kind, size) = (state >> 30, (state >> 16) as usize % 300);
            let back = (state >> 8) as usize % REACH;
            match kind {
                0 if back < out.len() => {
                    let from = out.len() - back - 1;
                    out.extend_from_within(from..(from + size).min(out.len()));
                }
                1 => out.extend(std::iter::repeat_n(size as u8, size)),
                _ => out.push((state >> 20) as u8),
            }
        }
        out.truncate(length);
        out
    }

    #[test]
    fn streams_of_every_length_and_level_come_back() {
        for length in [0, 1, 5, 1000, REACH + 1, 3 * WINDOW + 17] {
            let expected = bytes(length);
            for level in [0, 1, 6, 9] {
                let packed = deflated(&expected, level);
                let sizes = [(0, 0), (packed.len(), length), (packed.len(), 2 * length)];
                for (compressed, bytes) in sizes {
                    let slow = Slow(&packed);
                    let mut stream = Inflate::new(slow, compressed as u64, bytes as u64);
                    let mut found = Vec::new();
                    stream.read_to_end(&mut found).unwrap();
                    assert!(found == expected, "{length} bytes at level {level}");
                }
            }
        }
    }

    #[test]
    fn a_stream_that_ends_early_is_an_error_or_too_short() {
        let expected = bytes(5000);
        let packed = deflated(&expected, 6);
        for cut in [0, 1, 7, packed.len() / 2, packed.len() - 5] {
            let mut found = Vec::new();
            let read = Inflate::new(&packed[..cut], 1000, 5000).read_to_end(&mut found);
            assert!(read.is_err() || found != expected, "{cut}");
        }
    }
}
