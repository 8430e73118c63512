//! Tensors over the plugin boundary without copies.

#![allow(
    unsafe_code,
    reason = "adopting and lending memory of the other side is what this module is for"
)]

use plugin_api::{Array, Dtype, Failure, Outcome, Precision, View};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Once;
use tch::{Device, Kind, Tensor};

/// The element type of a stage's tensors.
pub fn kind_of(precision: Precision) -> Kind {
    match precision {
        Precision::F32 => Kind::Float,
        Precision::F64 => Kind::Double,
    }
}

/// libtorch's vector and matrix routines may round differently for differently aligned operands.
const ALIGNMENT_BYTES: usize = 64;

/// A tensor over memory of the other side. It dereferences to a [`Tensor`]; results of operations are tensors of their
/// own, but shallow clones and views of it must not outlive `'a`.
pub struct Borrowed<'a> {
    tensor: Tensor,
    life: PhantomData<&'a [u8]>,
}

impl Borrowed<'_> {
    /// A tensor with memory of its own.
    pub(crate) fn owned(tensor: Tensor) -> Self {
        Self {
            tensor,
            life: PhantomData,
        }
    }
}

impl Deref for Borrowed<'_> {
    type Target = Tensor;
    fn deref(&self) -> &Tensor {
        &self.tensor
    }
}

/// A float32 or float64 view as a tensor of `kind`; `name` names it in the error when it has another element type.
///
/// Memory aligned to 64 bytes is adopted; other memory is copied, so that results do not depend on its address.
pub fn borrow<'a>(name: &str, view: View<'a>, kind: Kind) -> Outcome<Borrowed<'a>> {
    let found = match view.dtype() {
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::I64 => Kind::Int64,
    };
    if found != kind {
        return Err(Failure::invalid_argument(format!(
            "{name} has elements of type {found:?}, expected {kind:?}"
        )));
    }
    let shape = view.shape();
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    let data = view.data().cast::<u8>();
    // SAFETY: a view is compact row-major memory of this shape and element type on the CPU, valid for `'a`; libtorch
    // does not free memory given as a blob, and nothing here writes to it.
    let tensor = unsafe { Tensor::from_blob(data, shape, &strides, kind, Device::Cpu) };
    let tensor = if (data as usize).is_multiple_of(ALIGNMENT_BYTES) {
        tensor
    } else {
        tensor.copy()
    };
    Ok(Borrowed {
        tensor,
        life: PhantomData,
    })
}

/// Lends a tensor as an array of the boundary; the tensor's memory lives as long as the array. Panics when the tensor is
/// not of a float type.
pub fn lend(tensor: &Tensor) -> Array {
    let tensor = tensor.detach().contiguous();
    let dtype = match tensor.kind() {
        Kind::Float => Dtype::F32,
        Kind::Double => Dtype::F64,
        other => unreachable!("learners compute in float32 or float64, not {other:?}"),
    };
    let (data, shape) = (tensor.data_ptr(), tensor.size());
    // SAFETY: the tensor is contiguous and kept as the owner; no operation of this crate writes to it in place.
    unsafe { Array::from_owner(Box::new(tensor), data, dtype, &shape) }
}

/// Restricts libtorch to one thread; to be called when a learner is created. The setting is process-wide.
pub fn single_thread() {
    if tch::get_num_threads() != 1 {
        tch::set_num_threads(1);
    }
    // The pool between operators can be sized once per process, so a plugin loaded later must not ask again.
    static POOL: Once = Once::new();
    POOL.call_once(|| {
        if tch::get_num_interop_threads() != 1 {
            tch::set_num_interop_threads(1);
        }
    });
}
