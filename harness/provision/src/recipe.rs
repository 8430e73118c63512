//! What each component is made of: pinned wheels, the entries taken from them, and what is added.

mod models;

pub(crate) use models::{
    DM_CONTROL_MODELS, GYMNASIUM_MODELS, GYMNASIUM_ROBOTICS_MODELS, OGBENCH_MODELS,
};

/// Everything that decides the content of one component's folder.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) wheels: &'static [Wheel],
    /// Text files that no wheel holds: path, content.
    pub(crate) texts: &'static [(&'static str, &'static str)],
    /// Symbolic links: path, target.
    pub(crate) links: &'static [(&'static str, &'static str)],
    /// Libraries under `lib/`, in the order in which a process must load them.
    pub(crate) libraries: &'static [&'static str],
    /// Bytes of all files once unpacked.
    pub(crate) disk_bytes: u64,
}

/// One wheel file, pinned.
#[derive(Debug)]
pub(crate) struct Wheel {
    pub(crate) project: &'static str,
    pub(crate) version: &'static str,
    pub(crate) file: &'static str,
    pub(crate) sha256: &'static str,
    pub(crate) bytes: u64,
    pub(crate) picks: &'static [Pick],
}

/// What to take from a wheel. Every pick must match at least one entry.
#[derive(Debug)]
pub(crate) enum Pick {
    /// One entry, kept as `to`.
    File {
        from: &'static str,
        to: &'static str,
    },
    /// All entries below `from` that end in `suffix`, kept below `to`.
    Tree {
        from: &'static str,
        to: &'static str,
        suffix: &'static str,
    },
}

impl Recipe {
    /// Folder name in the cache.
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// Bytes of all wheel files.
    pub(crate) fn wheel_bytes(&self) -> u64 {
        self.wheels.iter().map(|wheel| wheel.bytes).sum()
    }
}

impl Pick {
    /// Where `entry` of the wheel goes below the component's folder, or `None` when it is not taken.
    pub(crate) fn target(&self, entry: &str) -> Option<String> {
        match *self {
            Self::File { from, to } => (entry == from).then(|| to.to_string()),
            Self::Tree { from, to, suffix } => {
                let rest = entry.strip_prefix(from)?;
                let taken = !rest.is_empty() && !rest.ends_with('/') && rest.ends_with(suffix);
                taken.then(|| format!("{to}{rest}"))
            }
        }
    }
}

/// libtorch for `tch` 0.24.0. The x86-64 wheel is the CUDA 13 build, whose `libtorch_cpu.so` needs the CUDA
/// runtime and CUPTI libraries even where no GPU is used; cuDNN, cuBLAS and the rest are not needed.
///
/// The wheel's `libtorch.so` is an empty shim that needs `libtorch_cuda.so`; a linker script stands in for it,
/// because `torch-sys` links `-ltorch`.
pub(crate) static LIBTORCH: Recipe = Recipe {
    name: "libtorch",
    version: "2.11.0",
    wheels: &[
        Wheel {
            project: "torch",
            version: "2.11.0",
            file: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
            bytes: 530_604_548,
            picks: &[
                Pick::File {
                    from: "torch/lib/libtorch_cpu.so",
                    to: "lib/libtorch_cpu.so",
                },
                Pick::File {
                    from: "torch/lib/libc10.so",
                    to: "lib/libc10.so",
                },
                Pick::File {
                    from: "torch/lib/libgomp.so.1",
                    to: "lib/libgomp.so.1",
                },
                Pick::Tree {
                    from: "torch/include/",
                    to: "include/",
                    suffix: "",
                },
                Pick::File {
                    from: "torch-2.11.0.dist-info/licenses/LICENSE",
                    to: "licenses/torch.txt",
                },
            ],
        },
        Wheel {
            project: "nvidia-cuda-runtime",
            version: "13.0.96",
            file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            bytes: 2_243_632,
            picks: &[
                Pick::File {
                    from: "nvidia/cu13/lib/libcudart.so.13",
                    to: "lib/libcudart.so.13",
                },
                Pick::File {
                    from: "nvidia_cuda_runtime-13.0.96.dist-info/licenses/License.txt",
                    to: "licenses/nvidia-cuda-runtime.txt",
                },
            ],
        },
        Wheel {
            project: "nvidia-cuda-cupti",
            version: "13.0.85",
            file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
            sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            bytes: 10_715_597,
            picks: &[
                Pick::File {
                    from: "nvidia/cu13/lib/libcupti.so.13",
                    to: "lib/libcupti.so.13",
                },
                Pick::File {
                    from: "nvidia_cuda_cupti-13.0.85.dist-info/licenses/License.txt",
                    to: "licenses/nvidia-cuda-cupti.txt",
                },
            ],
        },
    ],
    texts: &[
        ("lib/libtorch.so", "INPUT(-ltorch_cpu)\n"),
        ("build-version", "2.11.0+cu130\n"),
    ],
    links: &[],
    libraries: &[
        "libgomp.so.1",
        "libcudart.so.13",
        "libcupti.so.13",
        "libc10.so",
        "libtorch_cpu.so",
    ],
    disk_bytes: 497_042_872,
};

/// MuJoCo for `mujoco-rs` 5.0.0, which checks for exactly this version.
pub(crate) static MUJOCO: Recipe = Recipe {
    name: "mujoco",
    version: "3.9.0",
    wheels: &[Wheel {
        project: "mujoco",
        version: "3.9.0",
        file: "mujoco-3.9.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
        sha256: "3b6602cae4d9638652ab5d321db622aa59ec07cfe819d6ea3a5f55283c9147a8",
        bytes: 7_310_328,
        picks: &[
            Pick::File {
                from: "mujoco/libmujoco.so.3.9.0",
                to: "lib/libmujoco.so.3.9.0",
            },
            Pick::Tree {
                from: "mujoco/include/",
                to: "include/",
                suffix: "",
            },
            Pick::Tree {
                from: "mujoco-3.9.0.dist-info/licenses/",
                to: "licenses/",
                suffix: "",
            },
        ],
    }],
    texts: &[],
    links: &[("lib/libmujoco.so", "libmujoco.so.3.9.0")],
    libraries: &["libmujoco.so.3.9.0"],
    disk_bytes: 6_356_579,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_keeps_the_path_below_and_skips_folders_and_other_suffixes() {
        let pick = Pick::Tree {
            from: "a/b/",
            to: "x/",
            suffix: ".h",
        };
        assert_eq!(pick.target("a/b/c/d.h"), Some("x/c/d.h".to_string()));
        assert_eq!(pick.target("a/b/c/"), None);
        assert_eq!(pick.target("a/b/c.cpp"), None);
        assert_eq!(pick.target("a/other.h"), None);
    }

    #[test]
    fn pins_are_well_formed() {
        for component in crate::component::Component::ALL {
            let recipe = component.recipe();
            for wheel in recipe.wheels {
                assert_eq!(wheel.sha256.len(), 64, "{}", wheel.file);
                let stem = wheel.project.replace('-', "_");
                let start = format!("{stem}-{}-", wheel.version);
                assert!(wheel.file.starts_with(&start), "{}", wheel.file);
            }
        }
    }
}
