//! Which columns of a table are what.

use toml::{Table, Value};

const KEYS: [&str; 7] = [
    "episode",
    "observation",
    "action",
    "reward",
    "terminated",
    "truncated",
    "next_observation",
];

/// Columns of a table by what they are. A name that ends in `*` stands for all columns that start so and go on with a
/// number, in the order of the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Trajectory number; a trajectory ends where it changes.
    pub episode: Option<String>,
    /// Observation.
    pub observation: Vec<String>,
    /// Action.
    pub action: Vec<String>,
    /// Reward; zero without it.
    pub reward: Option<String>,
    /// Ended by the environment; never without it.
    pub terminated: Option<String>,
    /// Ended by a limit.
    pub truncated: Option<String>,
    /// Observation after the step.
    pub next_observation: Vec<String>,
    /// Side columns: name and columns.
    pub side: Vec<(String, Vec<String>)>,
}

impl Mapping {
    /// Adds `observation=obs_0,obs_1` or `side.qpos=q_*`; an error says what is wrong with it.
    pub fn add(&mut self, entry: &str) -> Result<(), String> {
        let (key, columns) = entry
            .split_once('=')
            .ok_or_else(|| format!("`{entry}` has no `=`"))?;
        let columns: Vec<String> = columns
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        self.set(key.trim(), columns)
    }

    /// A mapping from TOML: each key a column or an array of columns, and a table `side`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error| format!("{error}"))?;
        let mut mapping = Self::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("side", Value::Table(side)) => {
                    for (name, value) in side {
                        mapping.set(&format!("side.{name}"), names(&key, value)?)?;
                    }
                }
                (_, value) => mapping.set(&key, names(&key, value)?)?,
            }
        }
        Ok(mapping)
    }

    fn set(&mut self, key: &str, columns: Vec<String>) -> Result<(), String> {
        if columns.is_empty() {
            return Err(format!("`{key}` names no column"));
        }
        let one = |columns: Vec<String>| match <[String; 1]>::try_from(columns) {
            Ok([name]) => Ok(Some(name)),
            Err(all) => Err(format!("`{key}` is one column, found {}", all.len())),
        };
        match key {
            "episode" => self.episode = one(columns)?,
            "reward" => self.reward = one(columns)?,
            "terminated" => self.terminated = one(columns)?,
            "truncated" => self.truncated = one(columns)?,
            "observation" => self.observation = columns,
            "action" => self.action = columns,
            "next_observation" => self.next_observation = columns,
            _ => match key.strip_prefix("side.") {
                Some(name) => self.side.push((name.to_owned(), columns)),
                None => {
                    let known = KEYS.join("`, `");
                    return Err(format!("`{key}` is none of `{known}`, `side.<name>`"));
                }
            },
        }
        Ok(())
    }

    /// The same mapping with every column by name, given the columns that are there.
    pub(super) fn resolve(&self, present: &[String]) -> Result<Self, String> {
        let all = |names: &[String]| -> Result<Vec<String>, String> {
            let found: Result<Vec<Vec<String>>, String> =
                names.iter().map(|name| expand(name, present)).collect();
            Ok(found?.concat())
        };
        let one = |name: &Option<String>| -> Result<Option<String>, String> {
            match name {
                Some(name) => Ok(expand(name, present)?.into_iter().next()),
                None => Ok(None),
            }
        };
        let resolved = Self {
            episode: one(&self.episode)?,
            observation: all(&self.observation)?,
            action: all(&self.action)?,
            reward: one(&self.reward)?,
            terminated: one(&self.terminated)?,
            truncated: one(&self.truncated)?,
            next_observation: all(&self.next_observation)?,
            side: self
                .side
                .iter()
                .map(|(name, columns)| Ok((name.clone(), all(columns)?)))
                .collect::<Result<_, String>>()?,
        };
        if resolved.observation.is_empty() || resolved.action.is_empty() {
            return Err("names no column for `observation` or `action`".to_owned());
        }
        Ok(resolved)
    }
}

fn names(key: &str, value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::String(name) => Ok(vec![name]),
        Value::Array(values) => values
            .into_iter()
            .map(|value| match value {
                Value::String(name) => Ok(name),
                other => Err(format!("`{key}`: expected names of columns, found {other}")),
            })
            .collect(),
        other => Err(format!("`{key}`: expected names of columns, found {other}")),
    }
}

fn expand(name: &str, present: &[String]) -> Result<Vec<String>, String> {
    let missing = || {
        format!(
            "names `{name}`, but the columns are `{}`",
            present.join("`, `")
        )
    };
    let Some(prefix) = name.strip_suffix('*') else {
        let found = present.iter().any(|column| column == name);
        return found.then(|| vec![name.to_owned()]).ok_or_else(missing);
    };
    let mut numbered: Vec<(u64, &String)> = present
        .iter()
        .filter_map(|column| Some((column.strip_prefix(prefix)?.parse().ok()?, column)))
        .collect();
    numbered.sort();
    if numbered.is_empty() {
        return Err(missing());
    }
    Ok(numbered.into_iter().map(|(_, c)| c.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_columns() {
        let mut mapping = Mapping::default();
        mapping.add("observation=o_*").unwrap();
        mapping.add("action=a, b").unwrap();
        mapping.add("side.q=b").unwrap();
        let present = ["o_10", "o_9", "o_x", "a", "b"].map(str::to_owned);
        let resolved = mapping.resolve(&present).unwrap();
        assert_eq!(resolved.observation, ["o_9", "o_10"]);
        assert_eq!(resolved.action, ["a", "b"]);
        assert!(mapping.add("reward=a,b").is_err());
        assert!(mapping.add("rewards=a").is_err());
        assert!(mapping.add("reward").is_err());
        mapping.add("reward=missing").unwrap();
        assert!(mapping.resolve(&present).unwrap_err().contains("`o_10`"));
    }

    #[test]
    fn files_say_the_same() {
        let text = "observation = 'o_*'\naction = ['a', 'b']\n[side]\nq = 'b'\n";
        let mut mapping = Mapping::default();
        for entry in ["observation=o_*", "action=a,b", "side.q=b"] {
            mapping.add(entry).unwrap();
        }
        assert_eq!(Mapping::parse(text), Ok(mapping));
        assert!(Mapping::parse("observation = 3").is_err());
        assert!(Mapping::parse("obs = 'x'").is_err());
    }
}
