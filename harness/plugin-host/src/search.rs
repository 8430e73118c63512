//! Finding plugins by what they offer, from sidecars alone, with a trace of every place looked at.

use crate::error::Error;
use crate::sidecar::{EnvironmentMeta, LearnerMeta, Sidecar};
use std::path::{Path, PathBuf};

/// One library that was seen, readable or not.
#[derive(Debug)]
pub struct Candidate {
    /// The library file.
    pub library: PathBuf,
    /// Its metadata, or why it was rejected.
    pub sidecar: Result<Sidecar, Error>,
}

/// The result of looking through the plugin path.
#[derive(Debug, Default)]
pub struct Search {
    /// Every library seen, in order of the path, then by name.
    pub candidates: Vec<Candidate>,
    places: Vec<String>,
}

/// A learner or environment that was found.
#[derive(Clone, Debug)]
pub struct Found<M> {
    /// The library file.
    pub library: PathBuf,
    /// The plugin's metadata.
    pub sidecar: Sidecar,
    /// The metadata of the learner or environment itself.
    pub meta: M,
}

fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "so")
}

impl Search {
    /// Looks through `directories` (and single library files) in order. Never loads a library.
    pub fn new(directories: &[PathBuf]) -> Self {
        let mut search = Self::default();
        for directory in directories {
            search.visit(directory);
        }
        search
    }

    fn visit(&mut self, place: &Path) {
        if place.is_file() {
            self.places.push(format!("{} (file)", place.display()));
            self.candidates.push(Candidate {
                library: place.to_owned(),
                sidecar: Sidecar::read(place),
            });
            return;
        }
        let entries = match std::fs::read_dir(place) {
            Ok(entries) => entries,
            Err(e) => {
                self.places
                    .push(format!("{} ({})", place.display(), e.kind()));
                return;
            }
        };
        let mut libraries: Vec<PathBuf> = entries
            .flatten()
            .map(|e| e.path())
            .filter(|p| is_library(p))
            .collect();
        libraries.sort();
        let noun = if libraries.len() == 1 {
            "library"
        } else {
            "libraries"
        };
        self.places
            .push(format!("{} ({} {noun})", place.display(), libraries.len()));
        for library in libraries {
            let sidecar = Sidecar::read(&library);
            self.candidates.push(Candidate { library, sidecar });
        }
    }

    /// Every place searched and every library rejected, one line each.
    pub fn trace(&self) -> Vec<String> {
        let mut lines = self.places.clone();
        for candidate in &self.candidates {
            if let Err(error) = &candidate.sidecar {
                lines.push(format!(
                    "{}: rejected: {error}",
                    candidate.library.display()
                ));
            }
        }
        lines
    }

    /// The learner `id`. Errors when there is none, or when two different libraries offer it.
    pub fn learner(&self, id: &str) -> Result<Found<LearnerMeta>, Error> {
        self.find("learner", id, |s| &s.learners, |m| &m.id)
    }

    /// The environment `id`.
    pub fn environment(&self, id: &str) -> Result<Found<EnvironmentMeta>, Error> {
        let offers =
            |wanted: &str| self.find("environment", wanted, |s| &s.environments, |m| &m.id);
        match (offers(id), family(id)) {
            (Err(missing @ Error::NotFound { .. }), Some(family)) => {
                offers(&family).or(Err(missing))
            }
            (found, _) => found,
        }
    }

    /// Ids of all learners that can be used.
    pub fn learner_ids(&self) -> Vec<String> {
        self.sealed()
            .flat_map(|(_, s)| s.learners.iter().map(|m| m.id.clone()))
            .collect()
    }

    fn sealed(&self) -> impl Iterator<Item = (&Path, &Sidecar)> {
        self.candidates
            .iter()
            .filter_map(|c| c.sidecar.as_ref().ok().map(|s| (c.library.as_path(), s)))
    }

    fn find<M: Clone>(
        &self,
        kind: &'static str,
        id: &str,
        items: impl Fn(&Sidecar) -> &Vec<M>,
        name: impl Fn(&M) -> &String,
    ) -> Result<Found<M>, Error> {
        let mut found: Option<Found<M>> = None;
        for (library, sidecar) in self.sealed() {
            let Some(meta) = items(sidecar).iter().find(|m| name(m) == id) else {
                continue;
            };
            match &found {
                // The same bytes in two folders of the path are one plugin.
                Some(first) if first.sidecar.library.sha256 == sidecar.library.sha256 => {}
                Some(first) => {
                    return Err(Error::Ambiguous {
                        kind,
                        id: id.to_owned(),
                        first: first.library.clone(),
                        second: library.to_owned(),
                    });
                }
                None => {
                    found = Some(Found {
                        library: library.to_owned(),
                        sidecar: sidecar.clone(),
                        meta: meta.clone(),
                    });
                }
            }
        }
        found.ok_or_else(|| {
            let ids = self
                .sealed()
                .flat_map(|(_, s)| items(s).iter().map(|m| name(m).clone()).collect::<Vec<_>>());
            let nearest = ids
                .map(|candidate| (strsim::damerau_levenshtein(id, &candidate), candidate))
                .min()
                .filter(|(distance, _)| *distance <= id.len().max(3) / 2)
                .map(|(_, candidate)| candidate);
            Error::NotFound {
                kind,
                id: id.to_owned(),
                nearest,
                trace: self.trace(),
            }
        })
    }
}

/// The id by which a plugin offers the whole family of an environment: `family/*`.
pub(crate) fn family(id: &str) -> Option<String> {
    let (family, _) = id.split_once('/')?;
    Some(format!("{family}/*"))
}
