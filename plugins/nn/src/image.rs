//! What stands in front of a network of the state: nothing, or convolutions where observations are images.

use crate::choices::{Activation, Init};
use crate::init::Fill;
use crate::inputs::Inputs;
use crate::mlp::{Mlp, MlpOptions};
use crate::params::{Layout, Slot};
use tch::Tensor;

/// Edge of a kernel in pixels.
const KERNEL: i64 = 3;
/// Pixels between two places of a kernel: every layer halves height and width, rounded up.
const STRIDE: i64 = 2;
/// Zeros around the picture.
const PADDING: i64 = 1;

/// Images and the channels of the convolutions that read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageForm {
    /// Channels, height, width.
    pub(crate) shape: [i64; 3],
    /// Channels of each layer.
    pub(crate) channels: Vec<i64>,
}

struct Layer {
    weight: Slot,
    bias: Slot,
    /// Of a kernel: out, in, height, width.
    kernel: [i64; 4],
}

/// Convolutions, each with the network's activation.
struct Conv {
    shape: [i64; 3],
    layers: Vec<Layer>,
    activation: Activation,
    features: i64,
}

impl Conv {
    /// Declares the parameters `<name>.image.<layer>.weight` `[out, in 3 3]` and `.bias` `[out]`.
    fn declare(layout: &mut Layout, name: &str, form: &ImageForm, options: &MlpOptions) -> Self {
        let [mut channels, mut height, mut width] = form.shape;
        let mut layers = Vec::new();
        for (i, &out) in form.channels.iter().enumerate() {
            let (weight, bias) = fills(options.init, channels, out);
            let name = format!("{name}.image.{i}");
            let shape = [out, channels * KERNEL * KERNEL];
            layers.push(Layer {
                weight: layout.declare(format!("{name}.weight"), &shape, weight),
                bias: layout.declare(format!("{name}.bias"), &[out], bias),
                kernel: [out, channels, KERNEL, KERNEL],
            });
            let halved = |n: i64| (n + 2 * PADDING - KERNEL) / STRIDE + 1;
            (channels, height, width) = (out, halved(height), halved(width));
        }
        Self {
            shape: form.shape,
            layers,
            activation: options.activation,
            features: channels * height * width,
        }
    }

    /// `[B, C H W] -> [B, features]`
    fn forward(&self, weights: &[Tensor], pixels: &Tensor) -> Tensor {
        let [channels, height, width] = self.shape;
        let mut x = pixels.reshape([-1, channels, height, width]);
        for layer in &self.layers {
            let weight = weights[layer.weight].view(layer.kernel);
            let bias = Some(&weights[layer.bias]);
            x = x.conv2d(&weight, bias, [STRIDE; 2], [PADDING; 2], [1, 1], 1);
            x = self.activation.apply(&x);
        }
        x.flatten(1, -1)
    }
}

/// Distributions of kernels and biases: those of a linear layer whose inputs are the pixels under a kernel.
fn fills(init: Init, channels: i64, out: i64) -> (Fill, Fill) {
    let area = (KERNEL * KERNEL) as f64;
    let (fan_in, fan_out) = (area * channels as f64, area * out as f64);
    match init {
        Init::TorchLinear => {
            let bound = 1.0 / fan_in.sqrt();
            (Fill::Uniform(bound), Fill::Uniform(bound))
        }
        Init::VarianceScaling => (
            Fill::Uniform((6.0 / (fan_in + fan_out)).sqrt()),
            Fill::Constant(0.0),
        ),
        Init::Orthogonal => (
            Fill::Orthogonal(std::f64::consts::SQRT_2),
            Fill::Constant(0.0),
        ),
    }
}

/// From a state to what the first layer takes in.
pub(crate) struct Front {
    conv: Option<Conv>,
    /// S
    observation: i64,
    /// Inputs of the first layer.
    width: i64,
}

impl Front {
    pub(crate) fn declare(
        layout: &mut Layout,
        name: &str,
        inputs: &Inputs,
        options: &MlpOptions,
    ) -> Self {
        let conv = inputs
            .image()
            .map(|form| Conv::declare(layout, name, form, options));
        let observation = inputs.observation();
        let features = conv.as_ref().map_or(observation, |c| c.features);
        Self {
            conv,
            observation,
            width: features + inputs.dims().goal,
        }
    }

    pub(crate) fn width(&self) -> i64 {
        self.width
    }

    /// `[B, S + G] -> [B, width]`: convolutions of the image, the goal as it is.
    pub(crate) fn forward(&self, weights: &[Tensor], state: &Tensor) -> Tensor {
        let Some(conv) = &self.conv else {
            return state.shallow_clone();
        };
        let goal = state.size()[1] - self.observation;
        if goal == 0 {
            return conv.forward(weights, state);
        }
        let features = conv.forward(weights, &state.narrow(1, 0, self.observation));
        Tensor::cat(&[features, state.narrow(1, self.observation, goal)], 1)
    }
}

/// A network of the state: convolutions where observations are images, then a perceptron.
pub struct StateNet {
    front: Front,
    net: Mlp,
}

impl StateNet {
    /// Declares the parameters under `name`. `options.input` is set here.
    pub fn declare(layout: &mut Layout, name: &str, inputs: &Inputs, options: &MlpOptions) -> Self {
        let front = Front::declare(layout, name, inputs, options);
        let options = MlpOptions {
            input: front.width(),
            ..options.clone()
        };
        Self {
            net: Mlp::declare(layout, name, &options),
            front,
        }
    }

    /// `[B, S + G] -> [B, out]`
    pub fn forward(&self, weights: &[Tensor], state: &Tensor) -> Tensor {
        self.net
            .forward(weights, &self.front.forward(weights, state))
    }
}
