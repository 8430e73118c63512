//! A study in memory that is written one number at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use analysis::claims::{Evidence, Labels, Measured, Shape};
use analysis::{Level, Point};
use manifest::random::Stream;

/// Levels by name, in the order of writing.
type Levels = Vec<(String, f64)>;

/// A study under construction.
pub(crate) struct Study {
    pub(crate) shape: Shape,
    /// Whether matrices hold exponentials of what is written.
    pub(crate) log: bool,
    rows: Vec<Measured>,
    points: Vec<(Levels, Arc<Point>)>,
    random: Stream,
}

/// One number to be written.
pub(crate) struct Number<'a> {
    pub(crate) benchmark: &'a str,
    pub(crate) pipeline: &'a str,
    pub(crate) metric: &'a str,
    pub(crate) seed: i64,
    /// Axes and swept parameters.
    pub(crate) point: &'a [(&'a str, f64)],
    pub(crate) update: i64,
    pub(crate) value: f64,
}

impl Study {
    /// An empty study whose noise is drawn at `draw`.
    pub(crate) fn new(draw: u64, name: &str) -> Self {
        Self {
            shape: Shape {
                study: "simulated".into(),
                ..Shape::default()
            },
            log: false,
            rows: Vec::new(),
            points: Vec::new(),
            random: Stream::new(draw, &["simulated study", name]),
        }
    }

    pub(crate) fn benchmark(&mut self, id: &str) {
        self.shape
            .benchmarks
            .insert(id.to_owned(), format!("{id} environment"));
    }

    /// A pipeline with labels; its name is their levels.
    pub(crate) fn pipeline(&mut self, labels: &Labels) -> String {
        let name = labels.values().cloned().collect::<Vec<_>>().join(" + ");
        self.shape.pipelines.insert(name.clone(), labels.clone());
        name
    }

    /// Standard normal.
    pub(crate) fn normal(&mut self) -> f64 {
        self.random.normal()
    }

    pub(crate) fn write(&mut self, number: &Number<'_>) {
        let known = self.points.iter().find(|(levels, _)| {
            let same = levels.iter().zip(number.point);
            levels.len() == number.point.len()
                && same
                    .into_iter()
                    .all(|(a, b)| a.0 == b.0 && a.1.to_bits() == b.1.to_bits())
        });
        let point = match known {
            Some((_, point)) => Arc::clone(point),
            None => {
                let named = number.point.iter().map(|(key, x)| ((*key).to_owned(), *x));
                let named: Levels = named.collect();
                let levels: BTreeMap<String, Level> = named
                    .iter()
                    .map(|(key, x)| (key.clone(), Level::Number(*x)))
                    .collect();
                let point = Arc::new(Point(levels));
                self.points.push((named, Arc::clone(&point)));
                point
            }
        };
        // Every number is an evaluation of its own; tests of shared ones write their rows themselves.
        let id = self.rows.len().to_string();
        self.rows.push(Measured {
            benchmark: Arc::from(number.benchmark),
            pipeline: Arc::from(number.pipeline),
            metric: Arc::from(number.metric),
            seed: number.seed,
            tuning: false,
            point,
            reference: number.point.iter().all(|(_, x)| *x >= 1.0),
            update: number.update,
            evaluation_id: Arc::from(id),
            value: number.value,
        });
    }

    /// A score over the 2 x 2 data matrix: one number for the seed, and noise of each cell.
    pub(crate) fn matrix(
        &mut self,
        benchmark: &str,
        pipeline: &str,
        metric: &str,
        seed: i64,
        value: f64,
        cell_sd: f64,
    ) {
        for axis in ["value.data_fraction", "policy.data_fraction"] {
            if !self.shape.axes.iter().any(|a| a == axis) {
                self.shape.axes.push(axis.to_owned());
            }
        }
        for f in [0.1, 1.0] {
            for g in [0.1, 1.0] {
                let value = value + cell_sd * self.normal();
                let value = if self.log { value.exp() } else { value };
                let point = [("value.data_fraction", f), ("policy.data_fraction", g)];
                self.write(&Number {
                    benchmark,
                    pipeline,
                    metric,
                    seed,
                    point: &point,
                    update: 1000,
                    value,
                });
            }
        }
    }

    pub(crate) fn evidence(self) -> Evidence {
        Evidence::new(self.shape, self.rows)
    }
}

/// Labels from pairs.
pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

/// `a` with the labels of `b`.
pub(crate) fn with(a: &Labels, b: &Labels) -> Labels {
    let mut all = a.clone();
    all.extend(b.clone());
    all
}
