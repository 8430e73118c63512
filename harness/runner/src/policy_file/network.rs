//! A network of plain layers.

/// What is between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Relu,
    Tanh,
    Elu,
}

impl Activation {
    /// By its name in lower case.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "relu" => Some(Self::Relu),
            "tanh" => Some(Self::Tanh),
            "elu" => Some(Self::Elu),
            _ => None,
        }
    }

    fn of(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::Tanh => libm::tanhf(x),
            Self::Elu if x > 0.0 => x,
            Self::Elu => libm::expm1f(x),
        }
    }
}

/// What makes an action of the last layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Squashed by a tanh, then scaled to the bounds.
    Tanh,
    /// Clipped to [-2, 2] first.
    ClippedTanh,
    /// Clipped to the bounds.
    Clip,
}

/// `y = W x + b`
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) inputs: usize,
    /// `[outputs, inputs]`
    pub(super) weight: Vec<f32>,
    /// `[outputs]`
    pub(super) bias: Vec<f32>,
}

impl Layer {
    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.inputs).zip(&self.bias);
        rows.map(|(row, bias)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + bias)
            .collect()
    }
}

/// Layers with one activation between them.
#[derive(Clone, Debug)]
pub(super) struct Network {
    layers: Vec<Layer>,
    hidden: Activation,
    output: Output,
}

impl Network {
    /// Refuses layers that do not fit onto each other.
    pub(super) fn new(
        layers: Vec<Layer>,
        hidden: Activation,
        output: Output,
    ) -> Result<Self, String> {
        for (i, pair) in layers.windows(2).enumerate() {
            let (gives, takes) = (pair[0].bias.len(), pair[1].inputs);
            if gives != takes {
                return Err(format!(
                    "layer {i} gives {gives} numbers, the next takes {takes}"
                ));
            }
        }
        Ok(Self {
            layers,
            hidden,
            output,
        })
    }

    pub(super) fn dims(&self) -> (usize, usize) {
        let inputs = self.layers.first().map_or(0, |l| l.inputs);
        (inputs, self.layers.last().map_or(0, |l| l.bias.len()))
    }

    pub(super) fn act(&self, observation: &[f32], [low, high]: [f32; 2], action: &mut [f32]) {
        let mut x = observation.to_vec();
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x);
            if i + 1 < self.layers.len() {
                x.iter_mut().for_each(|x| *x = self.hidden.of(*x));
            }
        }
        for (slot, x) in action.iter_mut().zip(x) {
            let scaled = |x: f32| low + 0.5 * (libm::tanhf(x) + 1.0) * (high - low);
            *slot = match self.output {
                Output::Tanh => scaled(x),
                Output::ClippedTanh => scaled(x.clamp(-2.0, 2.0)),
                Output::Clip => x,
            }
            .clamp(low, high);
        }
    }
}
