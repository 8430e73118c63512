//! Where things are kept and which of the user's own installations are used.

use std::path::PathBuf;

use crate::error::Error;

/// Paths that decide where components come from. Built by the caller, who alone reads the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The per-user cache folder; created when something is fetched.
    pub cache: PathBuf,
    /// A libtorch that the user already has (a folder with `lib/` and `include/`), used instead of the cache.
    pub libtorch: Option<PathBuf>,
    /// A MuJoCo that the user already has (a folder with `lib/libmujoco.so.3.9.0`), used instead of the cache.
    pub mujoco: Option<PathBuf>,
    /// A folder with the pinned wheel files, used instead of the network.
    pub wheels: Option<PathBuf>,
    /// The Python interpreter whose pip fetches wheels.
    pub python: PathBuf,
    /// An interpreter of the user's own for Gymnasium's environments, used instead of pinned packages.
    pub gymnasium_python: Option<PathBuf>,
}

impl Settings {
    /// Reads `ASSAY_CACHE`, `XDG_CACHE_HOME`, `HOME`, `LIBTORCH`, `ASSAY_MUJOCO`, `ASSAY_WHEELS`,
    /// `ASSAY_PYTHON` and `ASSAY_GYMNASIUM_PYTHON` through `lookup`. Empty values count as unset; relative folders are taken from the current
    /// folder and made absolute.
    ///
    /// The cache is `$ASSAY_CACHE`, else `$XDG_CACHE_HOME/assay` (ignored when relative, as the XDG base
    /// directory specification asks), else `$HOME/.cache/assay`.
    ///
    /// # Errors
    /// [`Error::NoCacheFolder`] when none of the three is set.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let path = |name: &str| {
            let path = value(name).map(PathBuf::from);
            path.map(|path| std::path::absolute(&path).unwrap_or(path))
        };
        let xdg = value("XDG_CACHE_HOME").map(PathBuf::from);
        let xdg = xdg.filter(|folder| folder.is_absolute());
        let cache = path("ASSAY_CACHE")
            .or_else(|| xdg.map(|folder| folder.join("assay")))
            .or_else(|| path("HOME").map(|home| home.join(".cache/assay")))
            .ok_or(Error::NoCacheFolder)?;
        Ok(Self {
            cache,
            libtorch: path("LIBTORCH"),
            mujoco: path("ASSAY_MUJOCO"),
            wheels: path("ASSAY_WHEELS"),
            python: PathBuf::from(value("ASSAY_PYTHON").unwrap_or_else(|| "python3".to_string())),
            gymnasium_python: path("ASSAY_GYMNASIUM_PYTHON"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
        Settings::from_lookup(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn cache_prefers_the_most_specific_variable() {
        let home = ("HOME", "/home/u");
        let xdg = ("XDG_CACHE_HOME", "/var/c");
        let own = ("ASSAY_CACHE", "/big/assay");
        let cache = |pairs: &[_]| settings(pairs).unwrap().cache;
        assert_eq!(cache(&[home]), PathBuf::from("/home/u/.cache/assay"));
        assert_eq!(cache(&[home, xdg]), PathBuf::from("/var/c/assay"));
        assert_eq!(cache(&[home, xdg, own]), PathBuf::from("/big/assay"));
    }

    #[test]
    fn empty_and_relative_values_count_as_unset() {
        let found = settings(&[
            ("HOME", "/home/u"),
            ("XDG_CACHE_HOME", "relative"),
            ("LIBTORCH", ""),
        ]);
        let found = found.unwrap();
        assert_eq!(found.cache, PathBuf::from("/home/u/.cache/assay"));
        assert_eq!(found.libtorch, None);
        assert_eq!(found.python, PathBuf::from("python3"));
    }

    #[test]
    fn relative_folders_become_absolute_and_a_bare_interpreter_stays() {
        let own = ("ASSAY_CACHE", "cache");
        let found = settings(&[own, ("ASSAY_PYTHON", "python3.12")]).unwrap();
        assert!(found.cache.is_absolute() && found.cache.ends_with("cache"));
        assert_eq!(found.python, PathBuf::from("python3.12"));
    }

    #[test]
    fn nothing_set_names_the_variables_in_the_hint() {
        let error = settings(&[]).unwrap_err();
        assert!(matches!(error, Error::NoCacheFolder));
        assert!(error.hint().contains("ASSAY_CACHE"), "{}", error.hint());
    }
}
