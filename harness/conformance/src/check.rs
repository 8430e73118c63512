//! Checks, what they judge, and which apply to a plugin.

use crate::catalog::checks;
use crate::error::Error;
use crate::outcome::Verdict;
use crate::subject::Context;
use plugin_host::Sidecar;
use serde::{Deserialize, Serialize};

/// What a check judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The library as a whole.
    Plugin,
    /// One learner.
    Learner,
    /// One environment.
    Environment,
}

/// One named check.
pub struct Check {
    /// kebab-case name, for `--only`.
    pub name: &'static str,
    /// A few words for the list of results.
    pub title: &'static str,
    /// What is done and what is expected, in prose.
    pub description: &'static str,
    /// What it applies to.
    pub kinds: &'static [Kind],
    /// The interface it judges, where it judges one.
    pub interface: Option<&'static str>,
    /// Whether it is run on every kind of problem that a learner accepts, or once.
    pub(crate) each_problem: bool,
    pub(crate) run: fn(&Context) -> Verdict,
}

/// What one case judges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The library as a whole.
    Plugin,
    /// The learner of this id.
    Learner(String),
    /// The environment of this id.
    Environment(String),
}

impl Target {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Plugin => Kind::Plugin,
            Self::Learner(_) => Kind::Learner,
            Self::Environment(_) => Kind::Environment,
        }
    }

    /// The id of the learner or environment.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Plugin => None,
            Self::Learner(id) | Self::Environment(id) => Some(id),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plugin => f.write_str("the library"),
            Self::Learner(id) => write!(f, "learner `{id}`"),
            Self::Environment(id) => write!(f, "environment `{id}`"),
        }
    }
}

/// One check of one target.
#[derive(Clone)]
pub struct Case {
    /// The check.
    pub check: &'static Check,
    /// What it judges.
    pub target: Target,
}

impl Case {
    /// The case named by a child's arguments; `of` is the id of a learner or environment, or nothing for the library.
    ///
    /// # Errors
    /// When no check has the name, or the plugin has no such target, or the check does not apply to it.
    pub fn named(sidecar: &Sidecar, check: &str, of: Option<&str>) -> Result<Self, Error> {
        let check = find(check)?;
        let target = match of {
            None => Target::Plugin,
            Some(id) => target(sidecar, id)?,
        };
        if check.kinds.contains(&target.kind()) {
            return Ok(Self { check, target });
        }
        Err(Error::NotApplicable {
            check: check.name.into(),
            target: target.to_string(),
        })
    }
}

fn find(name: &str) -> Result<&'static Check, Error> {
    checks().iter().find(|c| c.name == name).ok_or_else(|| {
        let nearest = checks()
            .iter()
            .map(|c| (strsim::damerau_levenshtein(name, c.name), c.name))
            .min()
            .filter(|(distance, _)| *distance <= name.len().max(3) / 2)
            .map(|(_, nearest)| nearest.to_owned());
        Error::UnknownCheck {
            name: name.into(),
            nearest,
        }
    })
}

/// Whether what the check judges is there to be judged.
fn provides(sidecar: &Sidecar, target: &Target, check: &Check) -> bool {
    let Some(interface) = check.interface else {
        return true;
    };
    let learners = sidecar.learners.iter();
    let learner = learners.filter(|m| Some(m.id.as_str()) == target.id());
    learner.flat_map(|m| &m.provides).any(|id| id == interface)
}

fn targets(sidecar: &Sidecar) -> Vec<Target> {
    let learners = sidecar
        .learners
        .iter()
        .map(|m| Target::Learner(m.id.clone()));
    let environments = sidecar
        .environments
        .iter()
        .map(|m| Target::Environment(m.id.clone()));
    std::iter::once(Target::Plugin)
        .chain(learners)
        .chain(environments)
        .collect()
}

fn target(sidecar: &Sidecar, id: &str) -> Result<Target, Error> {
    let all = targets(sidecar);
    let offered: Vec<&str> = all.iter().filter_map(Target::id).collect();
    match all.iter().find(|t| t.id() == Some(id)) {
        Some(found) => Ok(found.clone()),
        None => Err(Error::UnknownTarget {
            plugin: sidecar.id.clone(),
            name: id.into(),
            offered: offered.join(", "),
        }),
    }
}

/// The cases of a plugin: every check of every target, in the order of the catalog, but for those of interfaces that a
/// learner does not provide; or the checks named in `only` (empty means all) of the targets whose id is `of`.
///
/// # Errors
/// When a name is unknown, or when the selection is empty.
pub fn cases(sidecar: &Sidecar, only: &[String], of: Option<&str>) -> Result<Vec<Case>, Error> {
    let chosen = if only.is_empty() {
        checks().iter().collect()
    } else {
        only.iter()
            .map(|name| find(name))
            .collect::<Result<Vec<_>, _>>()?
    };
    let targets = match of {
        None => targets(sidecar),
        Some(id) => vec![target(sidecar, id)?],
    };
    let mut cases = Vec::new();
    for target in &targets {
        for &check in &chosen {
            let fits = !only.is_empty() || provides(sidecar, target, check);
            if check.kinds.contains(&target.kind()) && fits {
                cases.push(Case {
                    check,
                    target: target.clone(),
                });
            }
        }
    }
    match (cases.is_empty(), chosen.first()) {
        (true, Some(check)) => Err(Error::NotApplicable {
            check: check.name.into(),
            target: targets
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        }),
        _ => Ok(cases),
    }
}
