//! A cache, a fake index and a small recipe.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::component::Component;
use crate::error::Error;
use crate::fetch::Fetch;
use crate::progress::Event;
use crate::ready::{self, hex};
use crate::recipe::{Pick, Recipe, Wheel};
use crate::settings::Settings;

/// A cache with a fake index that offers `one-1.0` and `two-2.0`, and a recipe that pins both.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) recipe: &'static Recipe,
}

fn wheel_bytes(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn pin(
    folder: &Path,
    project: &'static str,
    entries: &[(&str, &str)],
    picks: &'static [Pick],
) -> Wheel {
    let bytes = wheel_bytes(entries);
    let file = leak(format!("{project}-1.0-py3-none-any.whl"));
    fs::write(folder.join("fake/wheels").join(file), &bytes).unwrap();
    let sha256 = leak(hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes)));
    Wheel {
        project,
        version: "1.0",
        file,
        sha256,
        bytes: bytes.len() as u64,
        picks,
    }
}

static PICKS_ONE: &[Pick] = &[
    Pick::File {
        from: "one/libone.so.1",
        to: "lib/libone.so.1",
    },
    Pick::Tree {
        from: "one/include/",
        to: "include/",
        suffix: ".h",
    },
];
pub(crate) static PICKS_TWO: &[Pick] = &[Pick::File {
    from: "two/data.txt",
    to: "data.txt",
}];

impl Scene {
    pub(crate) fn new(mode: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        fs::create_dir_all(path.join("fake/wheels")).unwrap();
        let body = "library ".repeat(100);
        let one = [
            ("one/libone.so.1", body.as_str()),
            ("one/include/a/b.h", "header"),
            ("one/include/skip.txt", "not a header"),
        ];
        let one = pin(path, "one", &one, PICKS_ONE);
        let two = pin(path, "two", &[("two/data.txt", "data")], PICKS_TWO);
        let recipe = Box::leak(Box::new(Recipe {
            name: "thing",
            version: "1.0",
            wheels: Box::leak(Box::new([one, two])),
            texts: &[("version", "1.0\n")],
            links: &[("lib/libone.so", "libone.so.1")],
            libraries: &["libone.so.1"],
            disk_bytes: 1000,
        }));
        let scene = Self { folder, recipe };
        scene.mode(mode);
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn mode(&self, mode: &str) {
        fs::write(self.path("fake/mode"), mode).unwrap();
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            cache: self.folder.path().to_path_buf(),
            libtorch: None,
            mujoco: None,
            wheels: None,
            python: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fake-python"),
            gymnasium_python: None,
        }
    }

    pub(crate) fn fetch_with(
        &self,
        settings: &Settings,
        progress: &mut dyn FnMut(&Event<'_>),
    ) -> Result<PathBuf, Error> {
        let mut progress = |event: &Event<'_>| progress(event);
        let component = Component::GymnasiumModels;
        let fetch = Fetch {
            settings,
            component,
            recipe: self.recipe,
        };
        fetch.run(&mut progress)
    }

    pub(crate) fn fetch(&self) -> Result<PathBuf, Error> {
        self.fetch_with(&self.settings(), &mut |_| {})
    }

    /// Number of times that pip was run.
    pub(crate) fn calls(&self) -> usize {
        let calls = fs::read_to_string(self.path("fake/calls")).unwrap_or_default();
        calls.lines().count()
    }

    pub(crate) fn assert_complete(&self) {
        let folder = self.path("thing-1.0");
        assert_eq!(
            fs::read_to_string(folder.join("include/a/b.h")).unwrap(),
            "header"
        );
        assert_eq!(fs::read_to_string(folder.join("version")).unwrap(), "1.0\n");
        assert!(!folder.join("include/skip.txt").exists());
        assert!(folder.join("lib/libone.so").exists());
        ready::verify(&folder, self.recipe, &mut |_| {}).unwrap();
        assert!(!self.path(".work/thing-1.0").exists(), "work folder left");
    }
}
