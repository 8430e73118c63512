//! Which columns of a table of evaluations are what.

/// Columns by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveColumns {
    /// Algorithm.
    pub algorithm: Place,
    /// Parts of the benchmark's name, joined by `-`.
    pub benchmark: Vec<Place>,
    /// Environment, where the table names it.
    pub environment: Option<Place>,
    /// Seed: a column of integers.
    pub seed: Place,
    /// Updates at the evaluation: a column of integers.
    pub update: Place,
    /// Undiscounted return, averaged over the evaluation's episodes: a column of numbers.
    pub value: Place,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the column of this name.
    Column(String),
    /// Nowhere: it is the same for all rows.
    Constant(String),
}

const KEYS: [&str; 6] = [
    "algorithm",
    "benchmark",
    "environment",
    "seed",
    "update",
    "return",
];

impl Default for CurveColumns {
    /// The names of d3rlpy-benchmarks' long table.
    fn default() -> Self {
        let column = |name: &str| Place::Column(name.to_owned());
        Self {
            algorithm: column("algorithm"),
            benchmark: vec![column("env"), column("dataset")],
            environment: None,
            seed: column("seed"),
            update: column("step"),
            value: column("return"),
        }
    }
}

impl CurveColumns {
    /// Sets one entry, `seed=run` or `benchmark=env,dataset`; with `==`, `algorithm==IQL`, the same text for all rows. An
    /// error says what is wrong with it.
    ///
    /// # Errors
    /// An unknown key, no column, or several where one is meant.
    pub fn set(&mut self, entry: &str) -> Result<(), String> {
        let (key, rest) = entry
            .split_once('=')
            .ok_or_else(|| format!("`{entry}` has no `=`"))?;
        let places: Vec<Place> = match rest.strip_prefix('=') {
            Some(text) if !text.is_empty() => vec![Place::Constant(text.to_owned())],
            Some(_) => Vec::new(),
            None => {
                let names = rest
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                names.map(|name| Place::Column(name.to_owned())).collect()
            }
        };
        if places.is_empty() {
            return Err(format!("`{key}` names no column"));
        }
        if key == "benchmark" {
            self.benchmark = places;
            return Ok(());
        }
        let [place] = <[Place; 1]>::try_from(places)
            .map_err(|all| format!("`{key}` is one column, found {}", all.len()))?;
        match key {
            "algorithm" => self.algorithm = place,
            "environment" => self.environment = Some(place),
            "seed" => self.seed = place,
            "update" => self.update = place,
            "return" => self.value = place,
            _ => return Err(format!("`{key}` is none of `{}`", KEYS.join("`, `"))),
        }
        Ok(())
    }

    /// The places with their keys.
    fn places(&self) -> Vec<(&'static str, &Place)> {
        let mut all = vec![("algorithm", &self.algorithm)];
        all.extend(self.benchmark.iter().map(|place| ("benchmark", place)));
        all.extend(self.environment.iter().map(|place| ("environment", place)));
        all.extend([
            ("seed", &self.seed),
            ("update", &self.update),
            ("return", &self.value),
        ]);
        all
    }

    /// The first mapped column that is not `present`, in words.
    pub(super) fn missing(&self, present: &[&str]) -> Option<String> {
        let absent = |(key, place): &(&str, &Place)| match place {
            Place::Column(name) if !present.contains(&name.as_str()) => Some(format!(
                "it has no column `{name}` for `{key}`, its columns are: {}",
                present.join(", ")
            )),
            _ => None,
        };
        self.places().iter().find_map(absent)
    }
}
