//! Fetching with a fake pip (`tests/fixtures/fake-python`) and two tiny wheels.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::component::Component;
use crate::error::Error;
use crate::fetch::{Fetch, cached};
use crate::progress::{Event, Silent};
use crate::ready::{self, hex};
use crate::recipe::{Pick, Recipe, Wheel};
use crate::settings::Settings;

/// A cache with a fake index that offers `one-1.0` and `two-2.0`, and a recipe that pins both.
struct Scene {
    folder: TempDir,
    recipe: &'static Recipe,
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
static PICKS_TWO: &[Pick] = &[Pick::File {
    from: "two/data.txt",
    to: "data.txt",
}];

impl Scene {
    fn new(mode: &str) -> Self {
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mode(&self, mode: &str) {
        fs::write(self.path("fake/mode"), mode).unwrap();
    }

    fn settings(&self) -> Settings {
        Settings {
            cache: self.folder.path().to_path_buf(),
            libtorch: None,
            mujoco: None,
            wheels: None,
            python: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fake-python"),
        }
    }

    fn fetch_with(
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

    fn fetch(&self) -> Result<PathBuf, Error> {
        self.fetch_with(&self.settings(), &mut |_| {})
    }

    /// Number of times that pip was run.
    fn calls(&self) -> usize {
        let calls = fs::read_to_string(self.path("fake/calls")).unwrap_or_default();
        calls.lines().count()
    }

    fn assert_complete(&self) {
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

#[test]
fn fetches_checks_and_unpacks_then_is_free() {
    let scene = Scene::new("serve");
    assert_eq!(scene.fetch().unwrap(), scene.path("thing-1.0"));
    scene.assert_complete();
    assert_eq!(scene.calls(), 2);
    scene.fetch().unwrap();
    assert_eq!(scene.calls(), 2);
}

#[test]
fn asks_pip_for_the_pinned_wheel_whatever_python_runs_it() {
    let scene = Scene::new("serve");
    scene.fetch().unwrap();
    let calls = fs::read_to_string(scene.path("fake/calls")).unwrap();
    for wanted in [
        "--no-deps",
        "--only-binary=:all:",
        "--python-version 3.11",
        "--abi cp311",
        "--no-cache-dir",
    ] {
        assert!(calls.contains(wanted), "{wanted} missing in {calls}");
    }
}

#[test]
fn says_how_much_before_it_starts_and_never_reports_more_than_the_total() {
    let scene = Scene::new("serve");
    let mut first = None;
    let mut downloaded = 0;
    scene
        .fetch_with(&scene.settings(), &mut |event| {
            first.get_or_insert(matches!(event, Event::Starting { .. }));
            if let Event::Starting { download_bytes, .. } = event {
                assert_eq!(*download_bytes, scene.recipe.wheel_bytes());
                assert_eq!(scene.calls(), 0);
            }
            if let Event::Advance {
                completed, total, ..
            } = event
            {
                assert!(completed <= total);
                downloaded = downloaded.max(*completed);
            }
        })
        .unwrap();
    assert_eq!(first, Some(true));
    assert!(downloaded >= scene.recipe.wheel_bytes());
}

#[test]
fn of_racing_fetches_one_downloads_and_the_others_wait() {
    let scene = Scene::new("serve");
    let settings = scene.settings();
    let waited: usize = thread::scope(|scope| {
        let run = || {
            let mut waited = 0;
            let folder = scene.fetch_with(&settings, &mut |event| {
                waited += usize::from(matches!(event, Event::Waiting { .. }));
            });
            assert_eq!(folder.unwrap(), scene.path("thing-1.0"));
            waited
        };
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .sum()
    });
    assert_eq!(scene.calls(), 2, "each wheel is downloaded once");
    assert!(waited <= 3);
    scene.assert_complete();
}

#[test]
fn a_download_that_outlived_its_parent_keeps_others_waiting() {
    let scene = Scene::new("hang");
    let work = scene.path(".work/thing-1.0");
    fs::create_dir_all(work.join("pip-tmp")).unwrap();
    // What a killed process leaves: its pip, which holds the lock as its standard input.
    let lock = crate::lock::Lock::acquire(&scene.path(".work/thing-1.0.lock"), || {}).unwrap();
    let requirement = work.join("requirements.txt");
    fs::write(&requirement, "one==1.0 --hash=sha256:00\n").unwrap();
    let mut orphan = std::process::Command::new(scene.settings().python)
        .arg("--requirement")
        .arg(&requirement)
        .env("TMPDIR", work.join("pip-tmp"))
        .stdin(lock.share().unwrap())
        .spawn()
        .unwrap();
    drop(lock);
    while !scene.path("fake/started").exists() {
        thread::sleep(Duration::from_millis(10));
    }
    scene.mode("serve");
    let settings = scene.settings();
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let scene = &scene;
        scope.spawn(move || {
            let result = scene.fetch_with(&settings, &mut |event| {
                if matches!(event, Event::Waiting { .. }) {
                    send.send(()).unwrap();
                }
            });
            result.unwrap();
        });
        receive
            .recv()
            .expect("the second fetch waits for the lock of the first");
        assert_eq!(scene.calls(), 1);
        fs::write(scene.path("fake/release"), "").unwrap();
    });
    orphan.wait().unwrap();
    scene.assert_complete();
}

#[test]
fn leftovers_of_a_killed_fetch_are_removed_and_its_good_wheels_reused() {
    let scene = Scene::new("serve");
    let work = scene.path(".work/thing-1.0");
    for folder in ["wheels", "pip-tmp/pip-unpack", "new/lib", "old"] {
        fs::create_dir_all(work.join(folder)).unwrap();
    }
    let [one, two] = [0, 1].map(|index| scene.recipe.wheels[index].file);
    fs::copy(
        scene.path("fake/wheels").join(one),
        work.join("wheels").join(one),
    )
    .unwrap();
    fs::write(work.join("wheels").join(two), "half a wheel").unwrap();
    fs::write(work.join("new/lib/libone.so.1"), "half a library").unwrap();
    scene.fetch().unwrap();
    let calls = fs::read_to_string(scene.path("fake/calls")).unwrap();
    assert_eq!(
        calls.lines().count(),
        1,
        "only the damaged wheel comes again"
    );
    scene.assert_complete();
}

#[test]
fn an_incomplete_folder_is_replaced() {
    let scene = Scene::new("serve");
    let folder = scene.path("thing-1.0");
    fs::create_dir_all(folder.join("lib")).unwrap();
    fs::write(folder.join("lib/libone.so.1"), "old").unwrap();
    scene.fetch().unwrap();
    scene.assert_complete();

    fs::write(folder.join("lib/libone.so.1"), "truncated").unwrap();
    assert_eq!(cached(&scene.settings(), scene.recipe), None);
    scene.fetch().unwrap();
    scene.assert_complete();
}

#[test]
fn verify_names_the_file_that_changed() {
    let scene = Scene::new("serve");
    let folder = scene.fetch().unwrap();
    let header = folder.join("include/a/b.h");
    fs::write(&header, "Header").unwrap();
    assert!(
        cached(&scene.settings(), scene.recipe).is_some(),
        "the cheap check skips headers"
    );
    let error = ready::verify(&folder, scene.recipe, &mut |_| {}).unwrap_err();
    let Error::Damaged { path, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*path, header);
}

#[test]
fn a_corrupted_wheel_is_refused_with_both_hashes_and_leaves_nothing() {
    let scene = Scene::new("serve");
    let wheel = &scene.recipe.wheels[1];
    let served = scene.path("fake/wheels").join(wheel.file);
    let mut bytes = fs::read(&served).unwrap();
    bytes[10] ^= 1;
    fs::write(&served, bytes).unwrap();
    let error = scene.fetch().unwrap_err();
    let Error::WrongHash {
        expected, found, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(*expected, wheel.sha256);
    assert_ne!(found, expected);
    assert!(!scene.path("thing-1.0").exists());
}

#[test]
fn each_failure_of_pip_gets_its_own_error_and_remedy() {
    let cases = [
        (
            "offline",
            "no connection to the package index",
            "ASSAY_WHEELS",
        ),
        ("hashes", "expected", "corrupted"),
        ("no-pip", "no module `pip`", "python3-pip"),
        ("full", "not enough disk space", "ASSAY_CACHE"),
        ("unknown", "No matching distribution", "index"),
    ];
    for (mode, message, remedy) in cases {
        let scene = Scene::new(mode);
        let error = scene.fetch().unwrap_err();
        assert!(error.to_string().contains(message), "{mode}: {error}");
        assert!(error.hint().contains(remedy), "{mode}: {}", error.hint());
        assert!(!scene.path("thing-1.0").exists());
    }
}

#[test]
fn without_python_the_error_names_the_interpreter() {
    let scene = Scene::new("serve");
    let python = PathBuf::from("/nonexistent/python3");
    let settings = Settings {
        python,
        ..scene.settings()
    };
    let error = scene.fetch_with(&settings, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::PythonMissing { .. }), "{error}");
    assert!(error.to_string().contains("/nonexistent/python3"));
}

#[test]
fn local_wheels_need_no_python() {
    let scene = Scene::new("offline");
    let settings = Settings {
        wheels: Some(scene.path("fake/wheels")),
        python: PathBuf::from("/nonexistent/python3"),
        ..scene.settings()
    };
    scene.fetch_with(&settings, &mut |_| {}).unwrap();
    scene.assert_complete();
    let kept = scene.path("fake/wheels").join(scene.recipe.wheels[0].file);
    assert!(kept.exists(), "the user's wheels stay");
}

#[test]
fn a_missing_local_wheel_is_named_with_the_command_that_fetches_it() {
    let scene = Scene::new("serve");
    let wheels = scene.path("empty");
    fs::create_dir_all(&wheels).unwrap();
    let settings = Settings {
        wheels: Some(wheels),
        ..scene.settings()
    };
    let error = scene.fetch_with(&settings, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains(scene.recipe.wheels[0].file));
    assert!(error.hint().contains("one==1.0"), "{}", error.hint());
}

#[test]
fn a_wheel_without_the_wanted_entry_is_a_clear_error() {
    let scene = Scene::new("serve");
    let [one, two] = &scene.recipe.wheels else {
        panic!("two wheels")
    };
    let swapped = |wheel: &Wheel, picks| Wheel {
        picks,
        ..Wheel { ..*wheel }
    };
    let recipe = Recipe {
        wheels: Box::leak(Box::new([swapped(one, PICKS_TWO), swapped(two, PICKS_TWO)])),
        ..*scene.recipe
    };
    let component = Component::GymnasiumModels;
    let fetch = Fetch {
        settings: &scene.settings(),
        component,
        recipe: &recipe,
    };
    let error = fetch.run(&mut Silent).unwrap_err();
    assert!(matches!(error, Error::BadWheel { .. }), "{error}");
    assert!(error.to_string().contains("two/data.txt"), "{error}");
}

mod own_installations {
    use super::*;
    use crate::ensure::located;

    fn settings(scene: &Scene) -> Settings {
        Settings {
            libtorch: Some(scene.path("torch")),
            mujoco: Some(scene.path("mj")),
            ..scene.settings()
        }
    }

    #[test]
    fn the_right_libtorch_is_used_and_a_wrong_one_refused() {
        let scene = Scene::new("serve");
        let settings = settings(&scene);
        let locate = || located(&settings, Component::Libtorch);
        for folder in ["torch/lib", "torch/include"] {
            fs::create_dir_all(scene.path(folder)).unwrap();
        }
        assert!(matches!(
            locate().unwrap_err(),
            Error::NotAnInstallation { .. }
        ));
        fs::write(scene.path("torch/build-version"), "2.10.0+cpu\n").unwrap();
        let error = locate().unwrap_err();
        assert!(
            error.to_string().contains("2.10.0") && error.to_string().contains("2.11.0"),
            "{error}"
        );
        assert!(error.hint().contains("LIBTORCH"));
        fs::write(scene.path("torch/build-version"), "2.11.0+cpu\n").unwrap();
        assert!(matches!(
            locate().unwrap_err(),
            Error::NotAnInstallation { .. }
        ));
        for library in ["libc10.so", "libtorch_cpu.so"] {
            fs::write(scene.path("torch/lib").join(library), "").unwrap();
        }
        assert_eq!(locate().unwrap(), Some(scene.path("torch")));
        let libraries = crate::runtime_libraries(Component::Libtorch, &scene.path("torch"));
        assert_eq!(
            libraries,
            ["libc10.so", "libtorch_cpu.so"].map(|name| scene.path("torch/lib").join(name))
        );
    }

    #[test]
    fn a_python_environments_torch_folder_is_accepted() {
        let scene = Scene::new("serve");
        for folder in ["torch/lib", "torch/include"] {
            fs::create_dir_all(scene.path(folder)).unwrap();
        }
        for library in ["libc10.so", "libtorch_cpu.so"] {
            fs::write(scene.path("torch/lib").join(library), "").unwrap();
        }
        let version =
            "from typing import Optional\n\n__version__ = '2.11.0+cu130'\ndebug = False\n";
        fs::write(scene.path("torch/version.py"), version).unwrap();
        let found = located(&settings(&scene), Component::Libtorch).unwrap();
        assert_eq!(found, Some(scene.path("torch")));
    }

    #[test]
    fn another_mujoco_version_is_named() {
        let scene = Scene::new("serve");
        let settings = settings(&scene);
        fs::create_dir_all(scene.path("mj/lib")).unwrap();
        fs::write(scene.path("mj/lib/libmujoco.so.3.17.0"), "").unwrap();
        let error = located(&settings, Component::Mujoco).unwrap_err();
        assert!(error.to_string().contains("3.17.0"), "{error}");
        for name in ["libmujoco.so.3.9.0", "libmujoco.so"] {
            fs::write(scene.path("mj/lib").join(name), "").unwrap();
        }
        assert_eq!(
            located(&settings, Component::Mujoco).unwrap(),
            Some(scene.path("mj"))
        );
    }
}
