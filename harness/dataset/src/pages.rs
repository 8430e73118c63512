//! Values and levels as the bytes of Parquet pages, and back.
//!
//! | part of a page | bytes |
//! |---|---|
//! | repetition levels | length as 4 bytes, then runs: 0 where a row starts, 1 inside of it |
//! | definition levels | length as 4 bytes, then runs |
//! | values | bytes of equal significance side by side; numbers of episodes as they are; flags as bits |
//!
//! Columns of one number a row have no levels.

/// Appends little-endian singles with their bytes of equal significance side by side: first the lowest byte of each.
pub(crate) fn split_singles(values: &[u8], out: &mut Vec<u8>) {
    split(values, out, |value, k| {
        (u32::from_le_bytes(value) >> (8 * k)) as u8
    });
}

/// As [`split_singles`], for doubles.
pub(crate) fn split_doubles(values: &[u8], out: &mut Vec<u8>) {
    split(values, out, |value, k| {
        (u64::from_le_bytes(value) >> (8 * k)) as u8
    });
}

fn split<const N: usize>(values: &[u8], out: &mut Vec<u8>, byte_of: impl Fn([u8; N], usize) -> u8) {
    let (values, _) = values.as_chunks::<N>();
    if values.is_empty() {
        return;
    }
    let start = out.len();
    out.resize(start + N * values.len(), 0);
    // One stream at a time and by shifts of whole numbers: the compiler makes wide loads and packs of it.
    let streams = out[start..].chunks_exact_mut(values.len());
    for (k, stream) in streams.enumerate() {
        for (byte, value) in stream.iter_mut().zip(values) {
            *byte = byte_of(*value, k);
        }
    }
}

/// Levels of rows of `width` values each, where every row has values.
pub(crate) fn dense_levels(rows: usize, width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    with_length(&mut out, |out| {
        repetitions(out, std::iter::repeat_n(width, rows))
    });
    with_length(&mut out, |out| run(out, rows * width, 1));
    out
}

/// Levels of rows of `width` values each, where only the rows that are `present` have values.
pub(crate) fn sparse_levels(present: &[bool], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let places = |present: bool| if present { width } else { 1 };
    let lengths = present.iter().map(|&present| places(present));
    with_length(&mut out, |out| repetitions(out, lengths));
    with_length(&mut out, |out| {
        for rows in present.chunk_by(|a, b| a == b) {
            // 2: a value; 0: no row. 1 would be a row without values.
            run(
                out,
                rows.len() * places(rows[0]),
                if rows[0] { 2 } else { 0 },
            );
        }
    });
    out
}

/// Appends what `write` writes, after its length.
fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    write(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// A run of bits, packed: 0 at the first place of each row, 1 at its other places.
fn repetitions(out: &mut Vec<u8>, lengths: impl Iterator<Item = usize> + Clone) {
    let count: usize = lengths.clone().sum();
    let groups = count.div_ceil(8);
    number(out, (groups << 1) | 1);
    let start = out.len();
    out.resize(start + groups, 0xff);
    let bits = &mut out[start..];
    let mut at = 0;
    for length in lengths {
        bits[at / 8] &= !(1 << (at % 8));
        at += length;
    }
    // Places that fill up the last byte.
    if !count.is_multiple_of(8) {
        bits[groups - 1] &= (1 << (count % 8)) - 1;
    }
}

/// A run of `count` times the same level of at most 8 bits.
fn run(out: &mut Vec<u8>, count: usize, level: u8) {
    if count > 0 {
        number(out, count << 1);
        out.push(level);
    }
}

/// A number in groups of seven bits, the lowest first.
fn number(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_hold_bytes_of_equal_significance() {
        let values: Vec<u8> = (0..12).collect();
        let mut out = vec![99];
        split_singles(&values, &mut out);
        assert_eq!(out, [99, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
        split_doubles(&[], &mut out);
        assert_eq!(out.len(), 13);
    }

    #[test]
    fn levels_are_runs() {
        // Three rows of three: 9 places in 2 bytes, bits 0, 3 and 6 clear.
        let expected = [3, 0, 0, 0, 5, 0b1011_0110, 1, 2, 0, 0, 0, 18, 1];
        assert_eq!(dense_levels(3, 3), expected);
        // A row without values, one with two, two without: 5 places, all but the third start a row.
        let found = sparse_levels(&[false, true, false, false], 2);
        let expected = [2, 0, 0, 0, 3, 0b0_0100, 6, 0, 0, 0, 2, 0, 4, 2, 4, 0];
        assert_eq!(found, expected);
        // 200 is two groups of seven bits.
        let long = dense_levels(100, 2);
        assert_eq!(long[long.len() - 3..], [0x90, 3, 1]);
    }
}
