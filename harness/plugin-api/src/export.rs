//! The plugin descriptor and the macro that exports it.

use crate::abi;
use crate::raw;

/// Static facts of a plugin library.
pub struct PluginInfo {
    /// kebab-case id of the library.
    pub id: &'static str,
    /// Semantic version.
    pub version: &'static str,
    /// SPDX expression.
    pub license: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Shared runtimes the library binds, e.g. `libtorch 2.11.0`.
    pub runtimes: &'static [&'static str],
}

/// A descriptor that lives as long as the process.
pub struct Descriptor(abi::PluginDescriptor);

#[allow(
    unsafe_code,
    reason = "the descriptor is immutable and points to leaked, immutable data"
)]
// SAFETY: nothing behind the pointers is ever written after construction.
unsafe impl Sync for Descriptor {}
#[allow(
    unsafe_code,
    reason = "the descriptor is immutable and points to leaked, immutable data"
)]
// SAFETY: as for Sync.
unsafe impl Send for Descriptor {}

impl Descriptor {
    /// Builds the descriptor; called once per process by the export macro.
    pub fn new(
        info: &PluginInfo,
        learners: Vec<&'static abi::LearnerDescriptor>,
        environments: Vec<&'static abi::EnvironmentDescriptor>,
    ) -> Self {
        let runtimes: &'static [abi::Str] = Box::leak(
            info.runtimes
                .iter()
                .map(|r| raw::string(r))
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        );
        let learners: &'static [*const abi::LearnerDescriptor] = Box::leak(
            learners
                .into_iter()
                .map(std::ptr::from_ref)
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        );
        let environments: &'static [*const abi::EnvironmentDescriptor] = Box::leak(
            environments
                .into_iter()
                .map(std::ptr::from_ref)
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        );
        Self(abi::PluginDescriptor {
            struct_size: size_of::<abi::PluginDescriptor>() as u32,
            abi_major: abi::ABI_MAJOR,
            abi_minor_needed: 0,
            abi_minor: abi::ABI_MINOR,
            id: raw::string(info.id),
            version: raw::string(info.version),
            license: raw::string(info.license),
            description: raw::string(info.description),
            runtimes: runtimes.as_ptr(),
            runtime_count: runtimes.len() as u64,
            learners: learners.as_ptr(),
            learner_count: learners.len() as u64,
            environments: environments.as_ptr(),
            environment_count: environments.len() as u64,
        })
    }

    /// The C struct.
    pub fn as_raw(&'static self) -> *const abi::PluginDescriptor {
        &raw const self.0
    }
}

/// Exports a plugin: `plugin_api::export!(INFO, learners = [Iql], environments = [])`.
///
/// `INFO` is a [`PluginInfo`]; learners implement [`crate::Learner`], environments [`crate::Environment`].
#[macro_export]
macro_rules! export {
    ($info:expr, learners = [$($learner:ty),* $(,)?], environments = [$($environment:ty),* $(,)?] $(,)?) => {
        /// The plugin's one exported symbol.
        #[allow(unsafe_code, reason = "the host finds the plugin by this unmangled name")]
        #[unsafe(no_mangle)]
        pub extern "C" fn assay_plugin_entry() -> *const $crate::abi::PluginDescriptor {
            static DESCRIPTOR: ::std::sync::OnceLock<$crate::Descriptor> = ::std::sync::OnceLock::new();
            DESCRIPTOR
                .get_or_init(|| {
                    let learners = ::std::vec![$($crate::learner::descriptor::<$learner>()),*];
                    #[allow(unused_mut, reason = "a plugin may have no environments")]
                    let mut environments = ::std::vec::Vec::new();
                    $(environments.extend($crate::environment::descriptors::<$environment>());)*
                    $crate::Descriptor::new(&$info, learners, environments)
                })
                .as_raw()
        }
    };
}
