//! A learner under test, with its host and its synthetic earlier stages.

use crate::descriptor::{of_stages, optional_of_stages};
use crate::outcome::{Stop, skip};
use crate::probe::{Probe, Trace};
use crate::problem::{BATCH_SIZE, Change, Column, Conduct, Metric, Synthetic};
use crate::subject::Context;
use crate::upstream::Stages;
use crate::world::World;
use plugin_api::Precision;
use plugin_host::{BatchRequest, Bound, Error, Learner, LearnerMeta};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// How an instance is made.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) batch_size: usize,
    pub(crate) precision: Precision,
    pub(crate) poison: Option<Column>,
    pub(crate) change: Option<Change>,
    pub(crate) cancel: bool,
    /// Hyperparameters that replace or extend the defaults.
    pub(crate) changes: Map<String, Value>,
    /// Whether the required interfaces are bound.
    pub(crate) upstream: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 1,
            batch_size: BATCH_SIZE,
            precision: Precision::F32,
            poison: None,
            change: None,
            cancel: false,
            changes: Map::new(),
            upstream: true,
        }
    }
}

impl Setup {
    /// The usual problem under another seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }
}

/// A live instance. Fields drop in this order: the instance before what it uses.
pub(crate) struct Bench {
    pub(crate) learner: Learner,
    services: Rc<RefCell<Synthetic>>,
    _stages: Stages,
    provides: Vec<String>,
    precision: Precision,
    world: World,
}

/// The defaults of a hyperparameter schema as one object; properties without a default are left out.
pub(crate) fn defaults(schema: &Value) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let with_default = |(name, property): (&String, &Value)| {
        Some((name.clone(), property.get("default")?.clone()))
    };
    properties
        .into_iter()
        .flatten()
        .filter_map(with_default)
        .collect()
}

/// The schema of a learner; the loader has checked that it is JSON.
pub(crate) fn schema(meta: &LearnerMeta) -> Value {
    serde_json::from_str(&meta.hyperparameters).unwrap_or_default()
}

/// Interfaces to bind: those that are required, and where there are goals the optional ones that there are synthetic
/// stages for, so that each check sees a learner both with and without them.
fn wanted(meta: &LearnerMeta, world: World) -> Vec<String> {
    let mut wanted = of_stages(&meta.requires);
    if world.has_goals() {
        let mut optional = optional_of_stages(&meta.requires);
        optional.retain(|id| crate::upstream::INTERFACES.contains(&id.as_str()));
        wanted.extend(optional);
    }
    wanted
}

impl Bench {
    /// An instance for the context's problem, made as `setup` says; the inner result is that of `create`.
    pub(crate) fn attempt(context: &Context, setup: &Setup) -> Result<Result<Self, Error>, Stop> {
        let meta = context.learner()?;
        let world = context.world;
        let mut stages = Stages::new(world);
        let upstream = if setup.upstream {
            match stages.bind(&wanted(&meta, world)) {
                Ok(bound) => bound,
                Err(missing) => {
                    let missing = missing.join(", ");
                    return skip(format!("the suite has no synthetic stage for {missing}"));
                }
            }
        } else {
            Vec::new()
        };
        let mut hyper = defaults(&schema(&meta));
        hyper.extend(setup.changes.clone());
        let conduct = Conduct {
            seed: setup.seed,
            batch_size: setup.batch_size,
            poison: setup.poison,
            change: setup.change,
            cancel: setup.cancel,
        };
        let services = Rc::new(RefCell::new(Synthetic::new(world, conduct)));
        let learner = Learner::create(
            &context.library,
            &meta.id,
            services.clone(),
            &world.problem(setup.batch_size, setup.precision),
            &Value::Object(hyper).to_string(),
            &upstream,
        );
        Ok(learner.map(|learner| Self {
            learner,
            services,
            _stages: stages,
            provides: meta.provides,
            precision: setup.precision,
            world,
        }))
    }

    /// An instance that must be creatable.
    pub(crate) fn make(context: &Context, setup: &Setup) -> Result<Self, Stop> {
        Ok(Self::attempt(context, setup)??)
    }

    /// A trained instance with the promised interface; skips learners that do not promise it before they are tried.
    pub(crate) fn offering(
        context: &Context,
        interface_id: &str,
        updates: u64,
    ) -> Result<(Self, Bound), Stop> {
        if !context
            .learner()?
            .provides
            .iter()
            .any(|p| p == interface_id)
        {
            return skip(format!("the learner provides no {interface_id}"));
        }
        let bench = Self::trained(context, updates)?;
        let bound = bench.bind(interface_id)?;
        Ok((bench, bound))
    }

    /// An instance of the usual problem after `updates` updates.
    pub(crate) fn trained(context: &Context, updates: u64) -> Result<Self, Stop> {
        let mut bench = Self::make(context, &Setup::default())?;
        bench.learner.update(updates)?;
        Ok(bench)
    }

    pub(crate) fn provides(&self, interface_id: &str) -> bool {
        self.provides.iter().any(|p| p == interface_id)
    }

    /// A promised interface; fails the check when the promise is broken.
    pub(crate) fn bind(&self, interface_id: &str) -> Result<Bound, Stop> {
        match self.learner.bind("subject", interface_id) {
            Some(bound) => Ok(bound),
            None => crate::outcome::fail(
                format!("an instance with default hyperparameters to offer {interface_id}"),
                "interface_table returned NULL",
            ),
        }
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// The fixed inputs for this instance.
    pub(crate) fn probe(&self) -> Probe {
        Probe::new(self.world, self.precision)
    }

    pub(crate) fn world(&self) -> World {
        self.world
    }

    /// Minibatches that the learner has asked for.
    pub(crate) fn batches(&self) -> u64 {
        self.services.borrow().requests.len() as u64
    }

    /// What its minibatches were asked for, in order.
    pub(crate) fn requests(&self) -> Vec<BatchRequest> {
        self.services.borrow().requests.clone()
    }

    /// Metrics that the learner has reported.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.services.borrow().metrics.clone()
    }

    /// Everything that can be observed of the instance: its saved bytes, what its interfaces answer on fixed inputs,
    /// and the metrics reported after update `since`.
    pub(crate) fn trace(&mut self, since: u64) -> Result<Trace, Stop> {
        let state = self.learner.save()?;
        let answers = self.probe().answers(self)?;
        let metrics = self.metrics();
        let metrics = metrics.into_iter().filter(|(_, u, _)| *u > since).collect();
        Ok(Trace {
            state,
            answers,
            metrics,
        })
    }
}
