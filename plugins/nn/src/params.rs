//! Parameters of one or several networks in one flat tensor.

use crate::init::{Fill, draw};
use crate::state::{StateReader, StateWriter};
use plugin_api::{Failure, Host, Outcome};
use tch::{Kind, Tensor};

/// The place of one parameter tensor in a [`ParamSet`].
pub type Slot = usize;

/// Every parameter starts at a multiple of this many elements: 64 bytes in float32.
const STRIDE: i64 = 16;

struct Entry {
    name: String,
    shape: Vec<i64>,
    offset: i64,
    fill: Fill,
}

/// The declaration of a parameter set: names, shapes and initial distributions, in order.
#[derive(Default)]
pub struct Layout {
    entries: Vec<Entry>,
    size: i64,
}

impl Layout {
    /// An empty declaration.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a parameter of one element, `[1]`, that starts at `value`.
    pub fn scalar(&mut self, name: String, value: f64) -> Slot {
        self.declare(name, &[1], Fill::Constant(value))
    }

    /// Appends a parameter.
    pub(crate) fn declare(&mut self, name: String, shape: &[i64], fill: Fill) -> Slot {
        let count: i64 = shape.iter().product();
        self.entries.push(Entry {
            name,
            shape: shape.to_vec(),
            offset: self.size,
            fill,
        });
        self.size += (count + STRIDE - 1) / STRIDE * STRIDE;
        self.entries.len() - 1
    }
}

/// Parameters in one flat tensor, with a leaf view of it per parameter.
pub struct ParamSet {
    layout: Layout,
    flat: Tensor,
    live: Vec<Tensor>,
    frozen: Vec<Tensor>,
}

impl ParamSet {
    /// Draws initial values from the host; parameter `name` takes its own stream `init/<name>`.
    pub fn create(layout: Layout, host: &Host, kind: Kind) -> Outcome<Self> {
        let flat = Tensor::zeros([layout.size], (kind, tch::Device::Cpu));
        let params = Self::over(layout, flat);
        for (entry, leaf) in params.layout.entries.iter().zip(&params.frozen) {
            let values = draw(host, &entry.name, &entry.shape, entry.fill)?;
            leaf.shallow_clone()
                .copy_(&Tensor::from_slice(&values).view(&entry.shape[..]));
        }
        Ok(params)
    }

    /// A copy with values of its own, e.g. a target network.
    pub fn duplicate(&self) -> Self {
        let entries = self.layout.entries.iter().map(|e| Entry {
            name: e.name.clone(),
            shape: e.shape.clone(),
            ..*e
        });
        let layout = Layout {
            entries: entries.collect(),
            size: self.layout.size,
        };
        Self::over(layout, self.flat.copy())
    }

    fn over(layout: Layout, flat: Tensor) -> Self {
        let view = |e: &Entry| {
            let count = e.shape.iter().product();
            flat.narrow(0, e.offset, count).view(&e.shape[..]).detach()
        };
        let frozen: Vec<Tensor> = layout.entries.iter().map(view).collect();
        let live = layout
            .entries
            .iter()
            .map(|e| view(e).set_requires_grad(true))
            .collect();
        Self {
            layout,
            flat,
            live,
            frozen,
        }
    }

    /// The parameters as leaves that gradients are taken at.
    pub fn live(&self) -> &[Tensor] {
        &self.live
    }

    /// The same memory as constants: nothing computed from it records a graph.
    pub fn frozen(&self) -> &[Tensor] {
        &self.frozen
    }

    /// All parameters in one tensor, padding (zeros) included.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// Number of elements of the flat tensor.
    pub fn size(&self) -> usize {
        self.layout.size as usize
    }

    /// Name and flat range of every parameter, in order.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (&str, std::ops::Range<usize>)> {
        self.layout.entries.iter().map(|e| {
            let count: i64 = e.shape.iter().product();
            let start = e.offset as usize;
            (e.name.as_str(), start..start + count as usize)
        })
    }

    /// Moves every parameter towards `source`: `self += rate (source - self)`.
    pub fn follow(&mut self, source: &Self, rate: f64) {
        let _ = self.flat.lerp_(&source.flat, rate);
    }

    /// Name and shape of every parameter, in order.
    pub fn shapes(&self) -> Vec<(&str, &[i64])> {
        let entries = self.layout.entries.iter();
        entries.map(|e| (e.name.as_str(), &e.shape[..])).collect()
    }

    /// The values of one parameter in row-major order.
    pub fn values(&self, name: &str) -> Outcome<Vec<f64>> {
        let leaf = self.find(name)?.to_kind(Kind::Double).contiguous();
        let mut out = vec![0.0; leaf.numel()];
        leaf.copy_data(&mut out, leaf.numel());
        Ok(out)
    }

    /// Overwrites one parameter by values in row-major order.
    pub fn assign(&mut self, name: &str, values: &[f64]) -> Outcome<()> {
        let mut leaf = self.find(name)?.shallow_clone();
        if leaf.numel() != values.len() {
            return Err(Failure::invalid_argument(format!(
                "parameter `{name}` has {} elements, found {}",
                leaf.numel(),
                values.len()
            )));
        }
        leaf.copy_(&Tensor::from_slice(values).view_as(&leaf));
        Ok(())
    }

    fn find(&self, name: &str) -> Outcome<&Tensor> {
        let at = self.layout.entries.iter().position(|e| e.name == name);
        at.map(|i| &self.frozen[i])
            .ok_or_else(|| Failure::invalid_argument(format!("no parameter is named `{name}`")))
    }

    /// Writes every parameter under `prefix/<its name>`.
    pub fn save(&self, prefix: &str, out: &mut StateWriter<'_>) -> Outcome<()> {
        for (entry, leaf) in self.layout.entries.iter().zip(&self.frozen) {
            out.tensor(&format!("{prefix}/{}", entry.name), leaf)?;
        }
        Ok(())
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, prefix: &str, from: &mut StateReader<'_>) -> Outcome<()> {
        for (entry, leaf) in self.layout.entries.iter().zip(&mut self.frozen) {
            from.tensor(&format!("{prefix}/{}", entry.name), leaf)?;
        }
        Ok(())
    }
}
