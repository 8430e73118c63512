//! Whole-state serialisation: a sequence of named fields, little-endian, each checked on reading.
//!
//! Field: `u32` length of the name, the name, one byte of type (0 integer, 1 float32, 2 float64), then for an integer
//! its 8 bytes, for a tensor `u32` dimensions, `u64` sizes, and the elements row-major.

use plugin_api::{Failure, Outcome};
use std::io::{Read, Write};
use tch::{Kind, Tensor};

const INTEGER: u8 = 0;
const FLOAT32: u8 = 1;
const FLOAT64: u8 = 2;

fn type_of(kind: Kind) -> u8 {
    match kind {
        Kind::Float => FLOAT32,
        Kind::Double => FLOAT64,
        other => unreachable!("states hold float32 or float64, not {other:?}"),
    }
}

fn refuse(name: &str, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Failure {
    Failure::invalid_state(format!(
        "field `{name}` of the state: expected {expected}, found {found}"
    ))
}

/// Writes named fields.
pub struct StateWriter<'a> {
    out: &'a mut dyn Write,
}

impl<'a> StateWriter<'a> {
    /// A writer into the host's stream.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    fn field(&mut self, name: &str, kind: u8) -> Outcome<()> {
        self.out.write_all(&(name.len() as u32).to_le_bytes())?;
        self.out.write_all(name.as_bytes())?;
        Ok(self.out.write_all(&[kind])?)
    }

    /// Writes a counter.
    pub fn integer(&mut self, name: &str, value: u64) -> Outcome<()> {
        self.field(name, INTEGER)?;
        Ok(self.out.write_all(&value.to_le_bytes())?)
    }

    /// Writes a float64 number.
    pub fn number(&mut self, name: &str, value: f64) -> Outcome<()> {
        self.tensor(name, &Tensor::from(value).to_kind(Kind::Double))
    }

    /// Writes a float32 or float64 tensor.
    pub fn tensor(&mut self, name: &str, tensor: &Tensor) -> Outcome<()> {
        self.field(name, type_of(tensor.kind()))?;
        let shape = tensor.size();
        self.out.write_all(&(shape.len() as u32).to_le_bytes())?;
        for size in &shape {
            self.out.write_all(&(*size as u64).to_le_bytes())?;
        }
        let (tensor, count) = (tensor.contiguous(), tensor.numel());
        let bytes: Vec<u8> = if tensor.kind() == Kind::Float {
            let mut values = vec![0f32; count];
            tensor.copy_data(&mut values, count);
            values.iter().flat_map(|x| x.to_le_bytes()).collect()
        } else {
            let mut values = vec![0f64; count];
            tensor.copy_data(&mut values, count);
            values.iter().flat_map(|x| x.to_le_bytes()).collect()
        };
        Ok(self.out.write_all(&bytes)?)
    }
}

/// Reads named fields in the order they were written.
pub struct StateReader<'a> {
    from: &'a mut dyn Read,
}

impl<'a> StateReader<'a> {
    /// A reader from the host's stream.
    pub fn new(from: &'a mut dyn Read) -> Self {
        Self { from }
    }

    fn bytes<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn field(&mut self, name: &str, kind: u8) -> Outcome<()> {
        let size = u32::from_le_bytes(self.bytes()?) as usize;
        if size != name.len() {
            return Err(refuse(name, "this name", format!("a name of {size} bytes")));
        }
        let mut found = vec![0; size];
        self.from.read_exact(&mut found)?;
        if found != name.as_bytes() {
            let found = String::from_utf8_lossy(&found).into_owned();
            return Err(refuse(name, "this name", format!("`{found}`")));
        }
        let [found] = self.bytes()?;
        if found == kind {
            return Ok(());
        }
        Err(refuse(
            name,
            format!("type {kind}"),
            format!("type {found}"),
        ))
    }

    /// Reads a counter.
    pub fn integer(&mut self, name: &str) -> Outcome<u64> {
        self.field(name, INTEGER)?;
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// Reads a float64 number.
    pub fn number(&mut self, name: &str) -> Outcome<f64> {
        let mut value = Tensor::from(0.0).to_kind(Kind::Double);
        self.tensor(name, &mut value)?;
        Ok(value.double_value(&[]))
    }

    /// Reads a tensor into `into`, whose element type and shape the state must have.
    pub fn tensor(&mut self, name: &str, into: &mut Tensor) -> Outcome<()> {
        self.field(name, type_of(into.kind()))?;
        let expected = into.size();
        let dimensions = u32::from_le_bytes(self.bytes()?) as usize;
        if dimensions != expected.len() {
            let found = format!("{dimensions} dimensions");
            return Err(refuse(name, format!("shape {expected:?}"), found));
        }
        let mut found = Vec::with_capacity(dimensions);
        for _ in 0..dimensions {
            found.push(u64::from_le_bytes(self.bytes()?) as i64);
        }
        if found != expected {
            let (expected, found) = (format!("shape {expected:?}"), format!("{found:?}"));
            return Err(refuse(name, expected, found));
        }
        let double = into.kind() == Kind::Double;
        let mut bytes = vec![0; into.numel() * if double { 8 } else { 4 }];
        self.from.read_exact(&mut bytes)?;
        let values = if double {
            let read = |c: &[u8; 8]| f64::from_le_bytes(*c);
            Tensor::from_slice(&bytes.as_chunks().0.iter().map(read).collect::<Vec<_>>())
        } else {
            let read = |c: &[u8; 4]| f32::from_le_bytes(*c);
            Tensor::from_slice(&bytes.as_chunks().0.iter().map(read).collect::<Vec<_>>())
        };
        into.copy_(&values.view(&expected[..]));
        Ok(())
    }
}
