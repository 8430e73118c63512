//! Tensor views: how arrays cross the boundary.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi::{DLDataType, DLDevice, DLTensor};
use crate::failure::{Failure, Outcome};
use crate::learner::Precision;
use std::any::Any;
use std::ffi::c_void;
use std::marker::PhantomData;

const CPU: DLDevice = DLDevice {
    device_type: 1,
    device_id: 0,
};

/// Element types that may cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 64-bit signed integer.
    I64,
}

impl Dtype {
    fn to_dl(self) -> DLDataType {
        let (code, bits) = match self {
            Self::F32 => (2, 32),
            Self::F64 => (2, 64),
            Self::I64 => (0, 64),
        };
        DLDataType {
            code,
            bits,
            lanes: 1,
        }
    }

    fn from_dl(dtype: DLDataType) -> Outcome<Self> {
        match (dtype.code, dtype.bits, dtype.lanes) {
            (2, 32, 1) => Ok(Self::F32),
            (2, 64, 1) => Ok(Self::F64),
            (0, 64, 1) => Ok(Self::I64),
            (code, bits, lanes) => Err(Failure::invalid_argument(format!(
                "unsupported element type: code {code}, {bits} bits, {lanes} lanes; expected float32, float64 or int64"
            ))),
        }
    }

    /// Bytes of one element.
    pub fn size_bytes(self) -> usize {
        if self == Self::F32 { 4 } else { 8 }
    }
}

/// A Rust type that is an element type.
pub trait Element: Copy + 'static {
    /// Its name at the boundary.
    const DTYPE: Dtype;
}
impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
}
impl Element for f64 {
    const DTYPE: Dtype = Dtype::F64;
}
impl Element for i64 {
    const DTYPE: Dtype = Dtype::I64;
}

/// A borrowed, compact, row-major array on the CPU.
#[derive(Clone, Copy)]
pub struct View<'a> {
    dl: DLTensor,
    dtype: Dtype,
    life: PhantomData<&'a [u8]>,
}

impl<'a> View<'a> {
    /// Checks and adopts a tensor of the other side.
    ///
    /// # Safety
    /// `dl` must point to a valid tensor whose data and shape stay valid and unchanged for `'a`.
    pub unsafe fn from_raw(dl: *const DLTensor) -> Outcome<Self> {
        // SAFETY: the caller vouches for `dl`.
        let Some(dl) = (unsafe { dl.as_ref() }) else {
            return Err(Failure::invalid_argument("a tensor is NULL"));
        };
        let dtype = Dtype::from_dl(dl.dtype)?;
        if dl.device.device_type != CPU.device_type {
            return Err(Failure::invalid_argument(format!(
                "tensor on device type {}; ABI 1 passes CPU tensors only",
                dl.device.device_type
            )));
        }
        let view = Self {
            dl: *dl,
            dtype,
            life: PhantomData,
        };
        if dl.ndim < 0 || (dl.ndim > 0 && dl.shape.is_null()) || view.shape().iter().any(|&n| n < 0)
        {
            return Err(Failure::invalid_argument("a tensor has no valid shape"));
        }
        if !dl.strides.is_null() && !view.is_compact() {
            return Err(Failure::invalid_argument(
                "a tensor is not compact row-major",
            ));
        }
        if dl.data.is_null() && !view.is_empty() {
            return Err(Failure::invalid_argument("a tensor's data is NULL"));
        }
        Ok(view)
    }

    /// As [`View::from_raw`], with NULL meaning that there is none.
    ///
    /// # Safety
    /// As for [`View::from_raw`].
    pub unsafe fn from_raw_optional(dl: *const DLTensor) -> Outcome<Option<Self>> {
        if dl.is_null() {
            return Ok(None);
        }
        // SAFETY: forwarded from the caller.
        unsafe { Self::from_raw(dl) }.map(Some)
    }

    fn is_compact(&self) -> bool {
        // SAFETY: strides are non-NULL here and have `ndim` entries by DLPack's contract.
        let strides = unsafe { std::slice::from_raw_parts(self.dl.strides, self.dl.ndim as usize) };
        let mut expected = 1;
        self.shape().iter().zip(strides).rev().all(|(&n, &stride)| {
            let fits = n == 1 || stride == expected;
            expected *= n;
            fits
        })
    }

    /// Shape, outermost dimension first.
    pub fn shape(&self) -> &'a [i64] {
        if self.dl.ndim == 0 {
            return &[];
        }
        // SAFETY: checked non-NULL in `from_raw`; valid for `'a` by its contract.
        unsafe { std::slice::from_raw_parts(self.dl.shape, self.dl.ndim as usize) }
    }

    /// Element type.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().map(|&n| n as usize).product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Address of the first element, for adoption by a tensor library.
    pub fn data(&self) -> *const c_void {
        // SAFETY: `byte_offset` stays inside the allocation by DLPack's contract.
        unsafe {
            self.dl
                .data
                .cast::<u8>()
                .add(self.dl.byte_offset as usize)
                .cast()
        }
    }

    /// The elements. Errors when the element type is another.
    pub fn as_slice<T: Element>(&self) -> Outcome<&'a [T]> {
        if self.dtype != T::DTYPE {
            return Err(Failure::invalid_argument(format!(
                "expected {:?}, found {:?}",
                T::DTYPE,
                self.dtype
            )));
        }
        if self.is_empty() {
            return Ok(&[]);
        }
        // SAFETY: compact, non-NULL, of this element type, valid for `'a`.
        Ok(unsafe { std::slice::from_raw_parts(self.data().cast::<T>(), self.len()) })
    }

    /// The elements as float64, exactly.
    pub fn to_f64(&self) -> Outcome<Vec<f64>> {
        Ok(match self.dtype {
            Dtype::F32 => self
                .as_slice::<f32>()?
                .iter()
                .map(|x| f64::from(*x))
                .collect(),
            Dtype::F64 => self.as_slice::<f64>()?.to_vec(),
            Dtype::I64 => self.as_slice::<i64>()?.iter().map(|x| *x as f64).collect(),
        })
    }

    /// Errors unless the shape is `expected`; `-1` matches any size. `name` names the array in the message.
    pub fn expect_shape(&self, name: &str, expected: &[i64]) -> Outcome<()> {
        let found = self.shape();
        let fits = found.len() == expected.len()
            && found.iter().zip(expected).all(|(f, e)| *e == -1 || f == e);
        if fits {
            return Ok(());
        }
        Err(Failure::invalid_argument(format!(
            "{name} has shape {found:?}, expected {expected:?} (-1 is any)"
        )))
    }

    /// Errors naming the first non-finite element.
    pub fn expect_finite(&self, name: &str) -> Outcome<()> {
        let bad = match self.dtype {
            Dtype::F32 => self.as_slice::<f32>()?.iter().position(|x| !x.is_finite()),
            Dtype::F64 => self.as_slice::<f64>()?.iter().position(|x| !x.is_finite()),
            Dtype::I64 => None,
        };
        match bad {
            None => Ok(()),
            Some(i) => Err(Failure::non_finite(format!(
                "{name} is not finite at element {i}"
            ))),
        }
    }

    /// The C struct, for passing on.
    pub fn as_dl(&self) -> &DLTensor {
        &self.dl
    }
}

/// An array that its maker owns and lends as a view until the next call.
pub struct Array {
    dl: DLTensor,
    dtype: Dtype,
    // Boxed so that the pointers in `dl` stay put when the array moves.
    _shape: Box<[i64]>,
    _owner: Box<dyn Any>,
}

impl Array {
    /// Takes over `values`. Panics when the number of values does not match `shape`.
    pub fn from_vec<T: Element>(mut values: Vec<T>, shape: &[i64]) -> Self {
        let len: i64 = shape.iter().product();
        assert_eq!(
            values.len() as i64,
            len,
            "an array of shape {shape:?} needs {len} values"
        );
        let data = values.as_mut_ptr().cast::<c_void>();
        // SAFETY: the vector is kept as owner and never touched again; its heap block does not move.
        unsafe { Self::from_owner(Box::new(values), data, T::DTYPE, shape) }
    }

    /// Takes over `values`, rounded to `precision`. Panics when their number does not match `shape`.
    pub fn from_f64(values: Vec<f64>, shape: &[i64], precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self::from_vec(values, shape),
            Precision::F32 => {
                let rounded: Vec<f32> = values.iter().map(|x| *x as f32).collect();
                Self::from_vec(rounded, shape)
            }
        }
    }

    /// Lends memory that `owner` keeps alive, e.g. a tensor of a tensor library.
    ///
    /// # Safety
    /// `data` must point to compact row-major elements of `dtype` and `shape`, valid and unchanged while `owner` lives.
    pub unsafe fn from_owner(
        owner: Box<dyn Any>,
        data: *mut c_void,
        dtype: Dtype,
        shape: &[i64],
    ) -> Self {
        let mut shape: Box<[i64]> = shape.into();
        let dl = DLTensor {
            data,
            device: CPU,
            ndim: shape.len() as i32,
            dtype: dtype.to_dl(),
            shape: shape.as_mut_ptr(),
            strides: std::ptr::null_mut(),
            byte_offset: 0,
        };
        Self {
            dl,
            dtype,
            _shape: shape,
            _owner: owner,
        }
    }

    /// The array as a view.
    pub fn view(&self) -> View<'_> {
        View {
            dl: self.dl,
            dtype: self.dtype,
            life: PhantomData,
        }
    }
}

/// A caller-allocated array that the other side fills, with the shape it was given.
pub struct Buffer<'a> {
    dl: DLTensor,
    _shape: Box<[i64]>,
    life: PhantomData<&'a mut [u8]>,
}

impl<'a> Buffer<'a> {
    /// Lends `values` for writing. Panics when their number does not match `shape`.
    pub fn new<T: Element>(values: &'a mut [T], shape: &[i64]) -> Self {
        assert_eq!(
            values.len() as i64,
            shape.iter().product::<i64>(),
            "a buffer must match its shape {shape:?}"
        );
        let mut shape: Box<[i64]> = shape.into();
        let dl = DLTensor {
            data: values.as_mut_ptr().cast(),
            device: CPU,
            ndim: shape.len() as i32,
            dtype: T::DTYPE.to_dl(),
            shape: shape.as_mut_ptr(),
            strides: std::ptr::null_mut(),
            byte_offset: 0,
        };
        Self {
            dl,
            _shape: shape,
            life: PhantomData,
        }
    }

    /// The C struct to pass as an output argument.
    pub fn as_dl_mut(&mut self) -> *mut DLTensor {
        &raw mut self.dl
    }
}

/// A mutable slice over a caller-allocated output tensor.
///
/// # Safety
/// `dl` must point to a valid, writable tensor that nothing else refers to for `'a`.
pub unsafe fn output_slice<'a, T: Element>(dl: *mut DLTensor, name: &str) -> Outcome<&'a mut [T]> {
    // SAFETY: forwarded from the caller.
    let view = unsafe { View::from_raw(dl) }?;
    if view.dtype != T::DTYPE {
        return Err(Failure::invalid_argument(format!(
            "{name} is {:?}, expected {:?}",
            view.dtype,
            T::DTYPE
        )));
    }
    if view.is_empty() {
        return Ok(&mut []);
    }
    // SAFETY: checked compact, non-NULL and of this type; exclusive by the caller's contract.
    Ok(unsafe { std::slice::from_raw_parts_mut(view.data().cast_mut().cast::<T>(), view.len()) })
}
