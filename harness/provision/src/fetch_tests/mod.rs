//! Fetching with a fake pip (`tests/fixtures/fake-python`) and two tiny wheels.

mod own_installations;
mod scene;

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use self::scene::{PICKS_TWO, Scene};
use crate::component::Component;
use crate::error::Error;
use crate::fetch::{Fetch, cached};
use crate::progress::{Event, Silent};
use crate::ready;
use crate::recipe::{Recipe, Wheel};
use crate::settings::Settings;

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
    for folder in ["wheels", "arriving", "pip-tmp/pip-unpack", "new/lib", "old"] {
        fs::create_dir_all(work.join(folder)).unwrap();
    }
    let [one, two] = [0, 1].map(|index| scene.recipe.wheels[index].file);
    fs::copy(
        scene.path("fake/wheels").join(one),
        work.join("arriving").join(one),
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
    assert!(error.hint().contains("torch==2.11.0"), "{}", error.hint());
    assert!(
        error.hint().contains("gymnasium==1.4.0"),
        "{}",
        error.hint()
    );
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
