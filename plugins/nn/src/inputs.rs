//! What the networks of a stage take in: observations as they are, images through convolutions, or codes that an earlier
//! stage makes of observations.

use crate::batch::Dims;
use crate::choices::{ImageEncoder, require_units};
use crate::image::ImageForm;
use crate::views::{Borrowed, borrow, lend};
use plugin_api::{EncoderHandle, Failure, Outcome, Problem, Upstream, View};
use std::cell::RefCell;
use std::rc::Rc;
use tch::{Device, Tensor};

/// The way from an observation to a network. Clones share the encoder.
#[derive(Clone)]
pub struct Inputs(Rc<Parts>);

struct Parts {
    dims: Dims,
    code: Option<Code>,
    image: Option<ImageForm>,
}

/// A frozen representation of observations.
struct Code {
    encoder: RefCell<EncoderHandle<'static>>,
    /// E
    width: i64,
}

impl From<Dims> for Inputs {
    /// Observations as they are.
    fn from(dims: Dims) -> Self {
        Self(Rc::new(Parts {
            dims,
            code: None,
            image: None,
        }))
    }
}

impl From<&Inputs> for Inputs {
    fn from(inputs: &Inputs) -> Self {
        inputs.clone()
    }
}

impl Inputs {
    /// Images of these channels, height and width through convolutions, one layer for each of `channels`.
    ///
    /// # Errors
    /// Another number of pixels than an observation has entries, or a layer without channels.
    pub fn images(dims: Dims, shape: [i64; 3], channels: &[i64]) -> Outcome<Self> {
        require_units("image_channels", channels)?;
        if shape.iter().product::<i64>() != dims.observation {
            return Err(Failure::invalid_argument(format!(
                "an observation has {} entries, an image of {shape:?} has others",
                dims.observation
            )));
        }
        let image = Some(ImageForm {
            shape,
            channels: channels.to_vec(),
        });
        let code = None;
        Ok(Self(Rc::new(Parts { dims, code, image })))
    }

    /// Codes where `encoder/1` is bound; else images through convolutions of these channels where observations are images
    /// and `image` asks for it; else observations as they are.
    ///
    /// # Errors
    /// Discrete actions, a layer without channels, or what the encoder fails with.
    pub fn create(
        problem: &Problem,
        upstream: &Upstream,
        image: ImageEncoder,
        channels: &[i64],
    ) -> Outcome<Self> {
        require_units("image_channels", channels)?;
        let dims = Dims::continuous(problem)?;
        let bound = upstream.has(EncoderHandle::ID);
        if bound {
            let (code, image) = (Some(Code::bind(upstream.encoder()?, dims)?), None);
            return Ok(Self(Rc::new(Parts { dims, code, image })));
        }
        let shape = problem.observation_shape.map(|n| n as i64);
        // What a benchmark's transform made of an image is none.
        let is_image = shape.iter().product::<i64>() == dims.observation;
        if is_image && image == ImageEncoder::Conv {
            return Self::images(dims, shape, channels);
        }
        Ok(dims.into())
    }

    /// Sizes of the stage's problem, whatever the networks take in.
    pub fn dims(&self) -> Dims {
        self.0.dims
    }

    /// Width of an observation in a state: S, or E of the codes.
    pub(crate) fn observation(&self) -> i64 {
        let code = self.0.code.as_ref();
        code.map_or(self.0.dims.observation, |c| c.width)
    }

    pub(crate) fn image(&self) -> Option<&ImageForm> {
        self.0.image.as_ref()
    }

    /// Whether states carry codes.
    pub(crate) fn coded(&self) -> bool {
        self.0.code.is_some()
    }

    /// Observation (or its code) and goal as one input `[B, S + G]` (or `[B, E + G]`).
    pub fn state<'a>(
        &self,
        observation: View<'a>,
        goal: Option<View<'a>>,
    ) -> Outcome<Borrowed<'a>> {
        let Some(code) = &self.0.code else {
            return self.0.dims.join_state(observation, goal);
        };
        let code = code.of(observation, self.0.dims)?;
        Ok(Borrowed::owned(
            match self.0.dims.goal(goal, code.size()[0])? {
                None => code,
                Some(goal) => Tensor::cat(&[&code, &*goal], 1),
            },
        ))
    }
}

impl Code {
    /// Asks for the code of one observation, to know its width.
    fn bind(mut encoder: EncoderHandle<'static>, dims: Dims) -> Outcome<Self> {
        let nothing = Tensor::zeros([1, dims.observation], (dims.kind, Device::Cpu));
        let nothing = lend(&nothing);
        let shape = encoder.encode(nothing.view())?.shape().to_vec();
        match shape[..] {
            [1, width] if width > 0 => Ok(Self {
                encoder: RefCell::new(encoder),
                width,
            }),
            _ => Err(Failure::invalid_argument(format!(
                "the code of one observation has shape {shape:?}, expected [1, E]"
            ))),
        }
    }

    /// `[B, S] -> [B, E]`, with memory of its own.
    fn of(&self, observation: View<'_>, dims: Dims) -> Outcome<Tensor> {
        observation.expect_shape("observation", &[-1, dims.observation])?;
        let mut encoder = self.encoder.borrow_mut();
        let rows = observation.shape()[0];
        let code = encoder.encode(observation)?;
        code.expect_shape("code", &[rows, self.width])?;
        Ok(borrow("code", code, dims.kind)?.copy())
    }
}
