//! The pickles of PyTorch's state dictionaries: the few instructions that they use, and the three names that they call.
//! Nothing is executed: a call to anything else is an error.
//!
//! Values live in one list and name each other by position, so that no nesting can exhaust the stack and no sharing the memory.

use std::collections::BTreeMap;

/// Most instructions that are followed; a state dictionary of a thousand tensors has fifty thousand.
const LIMIT: usize = 1_000_000;

/// A view of a storage.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    /// Name of its storage.
    pub(super) storage: String,
    /// Elements before it.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// In elements.
    pub(super) strides: Vec<usize>,
}

/// Position of a value.
type Id = usize;

/// What can stand on the stack.
#[derive(Clone, Debug)]
enum Value {
    Nothing,
    Integer(i64),
    Text(String),
    Tuple(Vec<Id>),
    /// Its keys are text.
    Dictionary(Vec<(String, Id)>),
    Global(Global),
    /// A storage of single-precision numbers, by name.
    Storage(String),
    Tensor(Tensor),
}

/// The names that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Global {
    FloatStorage,
    OrderedDict,
    RebuildTensor,
}

/// The tensors of the dictionary that `bytes` make, by name.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    for _ in 0..LIMIT {
        if let Some(root) = machine.step()? {
            return machine.tensors(root);
        }
    }
    Err("the pickle is longer than that of any state dictionary".into())
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

const SHORT: &str = "the pickle is damaged";

impl<'a> Machine<'a> {
    /// Follows one instruction; the value at the end.
    fn step(&mut self) -> Result<Option<Id>, String> {
        let instruction = self.take(1)?[0];
        match instruction {
            // PROTO
            0x80 => drop(self.take(1)?),
            // STOP
            b'.' => return self.pop().map(Some),
            // MARK
            b'(' => self.marks.push(self.stack.len()),
            // NONE, NEWFALSE, NEWTRUE
            b'N' | 0x88 | 0x89 => self.push(Value::Nothing),
            // BININT, BININT1, BININT2
            b'J' | b'K' | b'M' => self.integer(instruction)?,
            // BINUNICODE
            b'X' => {
                let size = self.word()?;
                let text = std::str::from_utf8(self.take(size as usize)?);
                let text = text.map_err(|_| "a text in the pickle is no UTF-8")?;
                self.push(Value::Text(text.to_owned()));
            }
            // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET
            b'q' | b'r' | b'h' | b'j' => self.remember(instruction)?,
            // EMPTY_DICT, EMPTY_TUPLE
            b'}' => self.push(Value::Dictionary(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            // TUPLE, TUPLE1, TUPLE2, TUPLE3
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items));
            }
            0x85..=0x87 => {
                let items = self.top(usize::from(instruction - 0x84))?;
                self.push(Value::Tuple(items));
            }
            // SETITEM, SETITEMS
            b's' => {
                let items = self.top(2)?;
                self.set(&items)?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(&items)?;
            }
            // GLOBAL
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(global(module, name)?));
            }
            // BINPERSID
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id)?;
                self.push(storage);
            }
            // REDUCE
            b'R' => {
                let (arguments, callee) = (self.pop()?, self.pop()?);
                let made = self.call(callee, arguments)?;
                self.push(made);
            }
            // BUILD: the attributes of a dictionary, which carry no tensor, are left out.
            b'b' => drop(self.pop()?),
            other => {
                return Err(format!(
                    "the pickle has the instruction {other:#04x}, which no state dictionary needs"
                ));
            }
        }
        Ok(None)
    }

    fn integer(&mut self, instruction: u8) -> Result<(), String> {
        let number = match instruction {
            b'J' => i64::from(self.word()?.cast_signed()),
            b'K' => i64::from(self.take(1)?[0]),
            _ => {
                let b = self.take(2)?;
                i64::from(u16::from_le_bytes([b[0], b[1]]))
            }
        };
        self.push(Value::Integer(number));
        Ok(())
    }

    /// Keeps the top of the stack under a key, or brings back what was kept.
    fn remember(&mut self, instruction: u8) -> Result<(), String> {
        let key = match instruction {
            b'q' | b'h' => u32::from(self.take(1)?[0]),
            _ => self.word()?,
        };
        if matches!(instruction, b'q' | b'r') {
            self.memo.insert(key, *self.stack.last().ok_or(SHORT)?);
        } else {
            self.stack.push(*self.memo.get(&key).ok_or(SHORT)?);
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).ok_or(SHORT)?;
        let found = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(found)
    }

    fn word(&mut self) -> Result<u32, String> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&b| b == b'\n').ok_or(SHORT)?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| SHORT.into())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(|| SHORT.into())
    }

    fn top(&mut self, count: usize) -> Result<Vec<Id>, String> {
        let from = self.stack.len().checked_sub(count).ok_or(SHORT)?;
        Ok(self.stack.split_off(from))
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or(SHORT)?;
        self.top(self.stack.len().checked_sub(mark).ok_or(SHORT)?)
    }

    /// Puts keys and values, in turn, into the dictionary below them.
    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let mut entries = Vec::new();
        for pair in items.chunks(2) {
            match pair {
                [key, value] if let Value::Text(key) = &self.values[*key] => {
                    entries.push((key.clone(), *value));
                }
                _ => return Err("a key of a dictionary in the pickle is no text".into()),
            }
        }
        let target = *self.stack.last().ok_or(SHORT)?;
        match &mut self.values[target] {
            Value::Dictionary(all) => all.extend(entries),
            _ => return Err("the pickle puts items into something other than a dictionary".into()),
        }
        Ok(())
    }

    fn tuple(&self, id: Id) -> Result<&[Id], String> {
        match &self.values[id] {
            Value::Tuple(items) => Ok(items),
            _ => Err("the pickle has something else where a tuple belongs".into()),
        }
    }

    /// `("storage", FloatStorage, name, device, elements)`
    fn storage(&self, id: Id) -> Result<Value, String> {
        if let [kind, class, name, ..] = self.tuple(id)?
            && let Value::Text(kind) = &self.values[*kind]
            && let Value::Global(Global::FloatStorage) = &self.values[*class]
            && let Value::Text(name) = &self.values[*name]
            && kind == "storage"
            && name.bytes().all(|b| b.is_ascii_digit())
        {
            return Ok(Value::Storage(name.clone()));
        }
        Err("the pickle names something other than a storage".into())
    }

    /// `OrderedDict()`, or `_rebuild_tensor_v2(storage, offset, shape, strides, ...)`.
    fn call(&self, callee: Id, arguments: Id) -> Result<Value, String> {
        let Value::Global(callee) = self.values[callee] else {
            return Err("the pickle calls something that is no name".into());
        };
        match (callee, self.tuple(arguments)?) {
            (Global::OrderedDict, []) => Ok(Value::Dictionary(Vec::new())),
            (Global::RebuildTensor, [storage, offset, shape, strides, ..])
                if let Value::Storage(storage) = &self.values[*storage] =>
            {
                Ok(Value::Tensor(Tensor {
                    storage: storage.clone(),
                    offset: self.size(*offset)?,
                    shape: self.sizes(*shape)?,
                    strides: self.sizes(*strides)?,
                }))
            }
            _ => Err(format!(
                "the pickle calls {callee:?} with other arguments than a state dictionary does"
            )),
        }
    }

    fn size(&self, id: Id) -> Result<usize, String> {
        let Value::Integer(n) = self.values[id] else {
            return Err("a size in the pickle is no number".into());
        };
        usize::try_from(n).map_err(|_| "a size in the pickle is negative".into())
    }

    fn sizes(&self, id: Id) -> Result<Vec<usize>, String> {
        self.tuple(id)?.iter().map(|&i| self.size(i)).collect()
    }

    fn tensors(self, root: Id) -> Result<Vec<(String, Tensor)>, String> {
        let Value::Dictionary(entries) = &self.values[root] else {
            return Err("the pickle holds no dictionary".into());
        };
        let tensor = |(name, id): &(String, Id)| match &self.values[*id] {
            Value::Tensor(tensor) => Ok((name.clone(), tensor.clone())),
            _ => Err(format!("`{name}` is no tensor")),
        };
        entries.iter().map(tensor).collect()
    }
}

fn global(module: &str, name: &str) -> Result<Global, String> {
    match (module, name) {
        ("torch", "FloatStorage") => Ok(Global::FloatStorage),
        ("collections", "OrderedDict") => Ok(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2") => Ok(Global::RebuildTensor),
        ("torch", kind) if kind.ends_with("Storage") => Err(format!(
            "it holds numbers of `torch.{kind}`, and only single precision is read here"
        )),
        _ => Err(format!(
            "the pickle would call `{module}.{name}`, which is not executed here"
        )),
    }
}
