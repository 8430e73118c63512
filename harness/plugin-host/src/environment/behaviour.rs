//! `behaviour/1` of an environment: scripted behaviours that datasets are made with.

#![allow(unsafe_code, reason = "this crate is the host side of the C boundary")]

use super::Environment;
use crate::error::Error;
use plugin_api::{Buffer, Failure, abi, raw};

/// A scripted behaviour that an environment offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Its name, unique within the environment.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// JSON object that holds every parameter with its default.
    pub parameters: String,
}

impl Environment {
    /// The table of `behaviour/1`, where it is offered whole.
    fn behaviour_table(&self) -> Option<&'static abi::BehaviourV1> {
        let table = self.table(abi::BEHAVIOUR_V1).cast::<abi::BehaviourV1>();
        // SAFETY: a non-NULL table is static and of this interface by the header's contract.
        let table = unsafe { table.as_ref() };
        table.filter(|t| t.struct_size as usize >= size_of::<abi::BehaviourV1>())
    }

    /// The scripted behaviours of this environment, in its own order; none where it does not offer `behaviour/1`.
    pub fn behaviours(&self) -> Result<Vec<Behaviour>, Error> {
        let mut found = Vec::new();
        let Some(table) = self.behaviour_table() else {
            return Ok(found);
        };
        loop {
            let mut out = abi::Behaviour {
                struct_size: size_of::<abi::Behaviour>() as u32,
                reserved: 0,
                name: raw::string(""),
                description: raw::string(""),
                parameters: raw::string(""),
            };
            let (index, mut count) = (found.len() as u64, 0);
            // SAFETY: the instance is live; both outputs live through the call.
            self.call("describe", |error| unsafe {
                (table.describe)(self.instance, index, &raw mut out, &raw mut count, error)
            })?;
            if index >= count {
                return Ok(found);
            }
            let text = |text| {
                // SAFETY: the texts live as long as the library by the header's contract.
                let read = unsafe { raw::text(text) };
                read.map(str::to_owned)
                    .map_err(|failure| self.failed("describe", failure))
            };
            found.push(Behaviour {
                name: text(out.name)?,
                description: text(out.description)?,
                parameters: text(out.parameters)?,
            });
        }
    }

    /// Starts an episode of behaviour `name`, a function of `seed` and the JSON object `parameters`, and writes its
    /// observation `[S]`.
    pub fn begin_behaviour(
        &mut self,
        name: &str,
        parameters: &str,
        seed: u64,
        observation: &mut [f64],
    ) -> Result<(), Error> {
        let table = self.expect_behaviours()?;
        let shape = [observation.len() as i64];
        let mut buffer = Buffer::new(observation, &shape);
        // SAFETY: the instance is live; texts and buffer live through the call.
        self.call("begin_behaviour", |error| unsafe {
            (table.begin)(
                self.instance,
                raw::string(name),
                raw::string(parameters),
                seed,
                buffer.as_dl_mut(),
                error,
            )
        })?;
        self.finite("begin_behaviour", observation)
    }

    /// Writes the action `[A]` of the behaviour in the present state, without noise and not clipped.
    pub fn behaviour_action(&mut self, action: &mut [f32]) -> Result<(), Error> {
        let table = self.expect_behaviours()?;
        let shape = [action.len() as i64];
        let mut buffer = Buffer::new(action, &shape);
        // SAFETY: the instance is live; the buffer lives through the call.
        self.call("behaviour_action", |error| unsafe {
            (table.act)(self.instance, buffer.as_dl_mut(), error)
        })?;
        match action.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(i) => {
                let failure = Failure::non_finite(format!("action is not finite at element {i}"));
                Err(self.failed("behaviour_action", failure))
            }
        }
    }

    fn expect_behaviours(&self) -> Result<&'static abi::BehaviourV1, Error> {
        self.behaviour_table().ok_or_else(|| {
            let failure = Failure::unsupported("this environment offers no behaviours");
            self.failed("begin_behaviour", failure)
        })
    }
}
