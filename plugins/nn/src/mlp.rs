//! Multilayer perceptrons, single or as ensembles evaluated by batched matrix products.

use crate::choices::{Activation, Init, LayerNorm};
use crate::init::Fill;
use crate::params::{Layout, Slot};
use tch::Tensor;

/// Numerical floor of the variance in LayerNorm, as in flax.
const LAYER_NORM_EPSILON: f64 = 1e-6;

/// The form of a perceptron.
#[derive(Clone, Debug)]
pub struct MlpOptions {
    /// Inputs.
    pub input: i64,
    /// Units of each hidden layer.
    pub hidden: Vec<i64>,
    /// Outputs.
    pub output: i64,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Distribution of the initial weights.
    pub init: Init,
    /// Factor on the initial weights and biases of the last layer.
    pub output_scale: f64,
    /// Members of an ensemble with separate parameters; `None` is a single network.
    pub members: Option<i64>,
}

struct Layer {
    weight: Slot,
    bias: Slot,
    norm: Option<(Slot, Slot)>,
}

/// A perceptron's structure. Hidden layer: linear, optional LayerNorm, activation, optional LayerNorm; last layer linear.
pub struct Mlp {
    layers: Vec<Layer>,
    activation: Activation,
    layer_norm: LayerNorm,
    members: Option<i64>,
}

impl Mlp {
    /// Declares the parameters `<name>.<layer>.weight` `[in, out]`, `.bias`, `.scale` and `.shift` (LayerNorm), each with
    /// a leading member dimension in an ensemble.
    pub fn declare(layout: &mut Layout, name: &str, options: &MlpOptions) -> Self {
        let sizes: Vec<i64> = [options.input]
            .iter()
            .chain(&options.hidden)
            .chain(&[options.output])
            .copied()
            .collect();
        let mut layers = Vec::new();
        for (i, pair) in sizes.windows(2).enumerate() {
            let last = i + 2 == sizes.len();
            layers.push(declare_layer(
                layout,
                &format!("{name}.{i}"),
                (pair[0], pair[1]),
                options,
                last,
            ));
        }
        Self {
            layers,
            activation: options.activation,
            layer_norm: options.layer_norm,
            members: options.members,
        }
    }

    /// `x: [B, in] -> [B, out]`, or `[M, B, out]` for an ensemble. `weights` is a parameter set's `live()` or `frozen()`.
    pub fn forward(&self, weights: &[Tensor], x: &Tensor) -> Tensor {
        let input = self
            .members
            .map(|m| x.unsqueeze(0).expand([m, -1, -1], false));
        let mut h = self.linear(0, weights, input.as_ref().unwrap_or(x));
        for i in 1..self.layers.len() {
            h = self.hidden(&self.layers[i - 1], weights, &h);
            h = self.linear(i, weights, &h);
        }
        h
    }

    fn linear(&self, layer: usize, weights: &[Tensor], x: &Tensor) -> Tensor {
        let (w, b) = (
            &weights[self.layers[layer].weight],
            &weights[self.layers[layer].bias],
        );
        match self.members {
            None => b.addmm(x, w),
            // Batched products with one column are several times slower than the sum they amount to.
            Some(_) if w.size()[2] == 1 => {
                let products = x * w.transpose(1, 2);
                products.sum_dim_intlist([-1i64].as_slice(), true, x.kind()) + b
            }
            Some(_) => b.baddbmm(x, w, 1.0, 1.0),
        }
    }

    fn hidden(&self, layer: &Layer, weights: &[Tensor], x: &Tensor) -> Tensor {
        let normalise = |x: &Tensor| match layer.norm {
            None => x.shallow_clone(),
            Some((scale, shift)) => {
                let units = x.size()[x.dim() - 1];
                let unit = x.layer_norm(
                    [units],
                    None::<Tensor>,
                    None::<Tensor>,
                    LAYER_NORM_EPSILON,
                    false,
                );
                unit * &weights[scale] + &weights[shift]
            }
        };
        match self.layer_norm {
            LayerNorm::None => self.activation.apply(x),
            LayerNorm::BeforeActivation => self.activation.apply(&normalise(x)),
            LayerNorm::AfterActivation => normalise(&self.activation.apply(x)),
        }
    }
}

fn declare_layer(
    layout: &mut Layout,
    name: &str,
    (input, output): (i64, i64),
    options: &MlpOptions,
    last: bool,
) -> Layer {
    let (fan_in, fan_out) = (input as f64, output as f64);
    let scale = if last { options.output_scale } else { 1.0 };
    let (weight, bias) = match options.init {
        Init::TorchLinear => {
            let bound = scale / fan_in.sqrt();
            (Fill::Uniform(bound), Fill::Uniform(bound))
        }
        Init::VarianceScaling => (
            Fill::Uniform(scale * (6.0 / (fan_in + fan_out)).sqrt()),
            Fill::Constant(0.0),
        ),
        Init::Orthogonal => {
            let gain = if last { 1.0 } else { std::f64::consts::SQRT_2 };
            (Fill::Orthogonal(scale * gain), Fill::Constant(0.0))
        }
    };
    let (matrix, row) = match options.members {
        None => (vec![input, output], vec![output]),
        Some(m) => (vec![m, input, output], vec![m, 1, output]),
    };
    let norm = (!last && options.layer_norm != LayerNorm::None).then(|| {
        (
            layout.declare(format!("{name}.scale"), &row, Fill::Constant(1.0)),
            layout.declare(format!("{name}.shift"), &row, Fill::Constant(0.0)),
        )
    });
    Layer {
        weight: layout.declare(format!("{name}.weight"), &matrix, weight),
        bias: layout.declare(format!("{name}.bias"), &row, bias),
        norm,
    }
}
