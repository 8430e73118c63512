//! The header of a `.npy` array.
//!
//! Read here and not with a crate, because a header comes from outside: its length and its shape are checked against
//! the bytes that are there before anything is allocated, and it is read without recursion.

use std::io::Read;

use super::arrays::Kind;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// NumPy itself refuses headers above 10,000 bytes.
const MAX_HEADER: usize = 1 << 16;

/// More dimensions than NumPy allows.
const MAX_RANK: usize = 64;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) dtype: String,
    pub(super) big_endian: bool,
    /// Bytes of an element.
    pub(super) element: u64,
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
    /// Bytes of the header itself.
    pub(super) length: u64,
}

impl Header {
    /// Reads a header; the error says what is wrong with it.
    pub(super) fn read(source: &mut dyn Read) -> Result<Self, String> {
        let mut start = [0; 8];
        fill(source, &mut start)?;
        if &start[..6] != MAGIC {
            return Err("it does not start with the magic bytes of NumPy".to_owned());
        }
        let mut size = [0; 4];
        let digits = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => return Err(format!("version {version} of the format is not known")),
        };
        fill(source, &mut size[..digits])?;
        let size = u32::from_le_bytes(size) as usize;
        if size > MAX_HEADER {
            return Err(format!(
                "its header claims {size} bytes, more than the limit of {MAX_HEADER}"
            ));
        }
        let mut text = vec![0; size];
        fill(source, &mut text)?;
        let text = String::from_utf8(text).map_err(|_| "its header is no text".to_owned())?;
        let mut header = Self::parse(&text)?;
        header.length = (8 + digits + size) as u64;
        Ok(header)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut scan = Scan(text.trim());
        let mut header = Self {
            kind: Kind::Other,
            dtype: String::new(),
            big_endian: false,
            element: 0,
            fortran: false,
            shape: Vec::new(),
            length: 0,
        };
        let mut seen = [false; 3];
        scan.expect('{')?;
        while !scan.take('}') {
            let key = scan.string()?;
            scan.expect(':')?;
            let at = match key {
                "descr" => {
                    header.set_dtype(scan.dtype()?)?;
                    0
                }
                "fortran_order" => {
                    header.fortran = scan.boolean()?;
                    1
                }
                "shape" => {
                    header.shape = scan.shape()?;
                    2
                }
                _ => return Err(format!("its header has an unknown key `{key}`")),
            };
            seen[at] = true;
            if !scan.take(',') {
                scan.expect('}')?;
                break;
            }
        }
        if seen != [true; 3] {
            return Err("its header lacks `descr`, `fortran_order` or `shape`".to_owned());
        }
        Ok(header)
    }

    fn set_dtype(&mut self, text: &str) -> Result<(), String> {
        let (order, rest) = match text.as_bytes().first() {
            Some(b'<' | b'>' | b'|' | b'=') => text.split_at(1),
            _ => ("", text),
        };
        self.big_endian = order == ">";
        let digits = rest.get(1..).unwrap_or_default();
        self.element = if digits.is_empty() {
            0
        } else {
            digits.parse().unwrap_or(0)
        };
        let letter = rest.bytes().next().unwrap_or(b'?');
        (self.kind, self.dtype) = match (letter, self.element) {
            (b'f', 4) => (Kind::F32, "f32".to_owned()),
            (b'f', 8) => (Kind::F64, "f64".to_owned()),
            (b'b', 1) => (Kind::Bool, "bool".to_owned()),
            (b'i', n @ (1 | 2 | 4 | 8)) => (Kind::int(n as usize, true), format!("i{}", 8 * n)),
            (b'u', n @ (1 | 2 | 4 | 8)) => (Kind::int(n as usize, false), format!("u{}", 8 * n)),
            (b'O', _) => (Kind::Objects, "object".to_owned()),
            _ => (Kind::Other, text.to_owned()),
        };
        Ok(())
    }

    /// Bytes of the values, if that is a number.
    pub(super) fn value_bytes(&self) -> Option<u64> {
        self.shape
            .iter()
            .try_fold(self.element, |n, &side| n.checked_mul(side))
    }
}

fn fill(source: &mut dyn Read, bytes: &mut [u8]) -> Result<(), String> {
    source
        .read_exact(bytes)
        .map_err(|error| format!("its header cannot be read: {error}"))
}

/// The rest of a header's text, a literal of a Python dictionary.
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn take(&mut self, c: char) -> bool {
        self.0 = self.0.trim_start();
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.take(c) {
            return Ok(());
        }
        let found: String = self.0.chars().take(12).collect();
        Err(format!("its header has `{found}` where `{c}` is expected"))
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = if self.take('"') {
            '"'
        } else {
            self.expect('\'')?;
            '\''
        };
        let (text, rest) = self
            .0
            .split_once(quote)
            .ok_or("a string in its header has no end")?;
        self.0 = rest;
        Ok(text)
    }

    /// A type string; a list of fields is kept as its text.
    fn dtype(&mut self) -> Result<&'a str, String> {
        self.0 = self.0.trim_start();
        if !self.0.starts_with('[') {
            return self.string();
        }
        let mut depth = 0_u32;
        for (at, c) in self.0.char_indices() {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let (text, rest) = self.0.split_at(at + 1);
                self.0 = rest;
                return Ok(text);
            }
        }
        Err("a list in its header has no end".to_owned())
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.0 = self.0.trim_start();
        for (text, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(text) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err("`fortran_order` in its header is neither True nor False".to_owned())
    }

    fn shape(&mut self) -> Result<Vec<u64>, String> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.take(')') {
            self.0 = self.0.trim_start();
            let end = self
                .0
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(self.0.len());
            let (digits, rest) = self.0.split_at(end);
            let side = digits
                .parse()
                .map_err(|_| "`shape` in its header holds something else than lengths")?;
            self.0 = rest;
            shape.push(side);
            if shape.len() > MAX_RANK {
                return Err("`shape` in its header has too many dimensions".to_owned());
            }
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header, String> {
        Header::parse(text)
    }

    #[test]
    fn usual_headers_are_understood() {
        let header =
            parse("{'descr': '<f4', 'fortran_order': False, 'shape': (1001, 24), }   \n").unwrap();
        assert_eq!((header.kind, header.fortran), (Kind::F32, false));
        assert_eq!(header.shape, [1001, 24]);
        assert_eq!(header.value_bytes(), Some(4 * 1001 * 24));
        let scalar = parse("{\"shape\":(),\"descr\":\"|b1\",\"fortran_order\":True}").unwrap();
        assert_eq!((scalar.kind, scalar.shape.len()), (Kind::Bool, 0));
        let fields =
            parse("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}").unwrap();
        assert_eq!(fields.kind, Kind::Other);
    }

    #[test]
    fn odd_headers_are_refused() {
        let cases = [
            "",
            "{",
            "{'descr': '<f4'}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f4', 'fortran_order': 3, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': [[[['",
        ];
        for case in cases {
            assert!(parse(case).is_err(), "{case}");
        }
        let huge = format!(
            "{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, {})}}",
            1_u64 << 60,
            1_u64 << 20
        );
        assert_eq!(parse(&huge).unwrap().value_bytes(), None);
    }
}
