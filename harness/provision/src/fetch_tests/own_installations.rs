//! Installations that the user named.

use std::fs;

use super::scene::Scene;
use crate::component::Component;
use crate::ensure::located;
use crate::error::Error;
use crate::settings::Settings;

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
    let version = "from typing import Optional\n\n__version__ = '2.11.0+cu130'\ndebug = False\n";
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
