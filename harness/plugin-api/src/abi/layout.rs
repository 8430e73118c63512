//! Sizes and offsets that the header promises.

use super::*;

/// The sizes the header promises on a 64-bit platform, in the order of the header; the C test compares `sizeof`.
pub const STRUCT_SIZES: &[(&str, usize)] = &[
    ("assay_string", size_of::<Str>()),
    ("assay_error", size_of::<Error>()),
    ("DLTensor", size_of::<DLTensor>()),
    ("assay_writer", size_of::<Writer>()),
    ("assay_reader", size_of::<Reader>()),
    ("assay_batch", size_of::<Batch>()),
    ("assay_batch_request", size_of::<BatchRequest>()),
    ("assay_host", size_of::<Host>()),
    ("assay_problem", size_of::<Problem>()),
    ("assay_upstream", size_of::<Upstream>()),
    ("assay_learner_descriptor", size_of::<LearnerDescriptor>()),
    ("assay_critic_v1", size_of::<CriticV1>()),
    ("assay_state_value_v1", size_of::<StateValueV1>()),
    ("assay_policy_v1", size_of::<PolicyV1>()),
    ("assay_q_all_v1", size_of::<QAllV1>()),
    ("assay_policy_discrete_v1", size_of::<PolicyDiscreteV1>()),
    ("assay_policy_update_v1", size_of::<PolicyUpdateV1>()),
    ("assay_test_time_counts", size_of::<TestTimeCounts>()),
    ("assay_test_time_v1", size_of::<TestTimeV1>()),
    ("assay_encoder_v1", size_of::<EncoderV1>()),
    ("assay_step", size_of::<Step>()),
    ("assay_environment_spec", size_of::<EnvironmentSpec>()),
    (
        "assay_environment_descriptor",
        size_of::<EnvironmentDescriptor>(),
    ),
    ("assay_oracle_v1", size_of::<OracleV1>()),
    ("assay_behaviour", size_of::<Behaviour>()),
    ("assay_behaviour_v1", size_of::<BehaviourV1>()),
    ("assay_plugin_descriptor", size_of::<PluginDescriptor>()),
];

macro_rules! layout {
    ($type:ty, $size:expr, $($field:ident @ $offset:expr),+) => {
        const _: () = assert!(size_of::<$type>() == $size);
        $(const _: () = assert!(std::mem::offset_of!($type, $field) == $offset);)+
    };
}

layout!(Str, 16, data @ 0, size @ 8);
layout!(Error, 32, struct_size @ 0, code @ 4, message @ 8, capacity @ 16, size @ 24);
layout!(DLTensor, 48, data @ 0, device @ 8, ndim @ 16, dtype @ 20, shape @ 24, strides @ 32, byte_offset @ 40);
layout!(Writer, 24, ctx @ 8, write @ 16);
layout!(Reader, 24, ctx @ 8, read @ 16);
layout!(Batch, 72, observation @ 8, action @ 16, reward @ 24, terminated @ 32, next_observation @ 40, goal @ 48, row @ 56,
    next_action @ 64);
layout!(BatchRequest, 16, struct_size @ 0, goals @ 4, next_action @ 8, held_out @ 12);
layout!(Host, 64, ctx @ 8, batch @ 16, random @ 24, log @ 32, metric @ 40, cancelled @ 48, batch_with @ 56);
layout!(Problem, 112, precision @ 4, observation_dim @ 8, action_dim @ 16, action_count @ 24, goal_dim @ 32,
    action_low @ 40, action_high @ 48, discount @ 56, batch_size @ 64, updates @ 72, row_count @ 80,
    observation_shape @ 88);
layout!(Upstream, 56, role @ 8, interface_id @ 24, table @ 40, instance @ 48);
layout!(LearnerDescriptor, 152, determinism @ 4, id @ 8, version @ 24, description @ 40, requires_ids @ 56,
    requires_count @ 64, provides_ids @ 72, provides_count @ 80, hyperparameters_schema @ 88, create @ 104,
    update @ 112, save @ 120, load @ 128, interface_table @ 136, destroy @ 144);
layout!(CriticV1, 24, q @ 8, q_gradient @ 16);
layout!(StateValueV1, 16, v @ 8);
layout!(PolicyV1, 32, act @ 8, log_prob @ 16, distribution @ 24);
layout!(QAllV1, 16, q_all @ 8);
layout!(PolicyDiscreteV1, 16, log_probs @ 8);
layout!(PolicyUpdateV1, 32, begin @ 8, step @ 16, reset @ 24);
layout!(TestTimeCounts, 24, struct_size @ 0, sequential @ 4, critic_gradients @ 8, policy_updates @ 16);
layout!(TestTimeV1, 24, begin_episode @ 8, counts @ 16);
layout!(EncoderV1, 16, encode @ 8);
layout!(Step, 24, terminated @ 4, truncated @ 8, reserved @ 12, reward @ 16);
layout!(EnvironmentSpec, 48, horizon @ 4, observation_dim @ 8, action_dim @ 16, state_dim @ 24, action_low @ 32, action_high @ 40);
layout!(EnvironmentDescriptor, 128, determinism @ 4, id @ 8, version @ 24, description @ 40, model_files @ 56,
    model_file_count @ 64, create @ 72, spec @ 80, reset @ 88, step @ 96, set_state @ 104, interface_table @ 112,
    destroy @ 120);
layout!(Spaces, 32, action_count @ 4, goal_dim @ 8, observation_shape @ 16, reserved @ 28);
layout!(SpacesV1, 24, describe @ 8, goal @ 16);
layout!(OracleV1, 32, optimal_action @ 8, q @ 16, v @ 24);
layout!(Behaviour, 56, name @ 8, description @ 24, parameters @ 40);
layout!(BehaviourV1, 32, describe @ 8, begin @ 16, act @ 24);
layout!(PluginDescriptor, 128, abi_major @ 4, abi_minor_needed @ 8, abi_minor @ 12, id @ 16, version @ 32,
    license @ 48, description @ 64, runtimes @ 80, runtime_count @ 88, learners @ 96, learner_count @ 104,
    environments @ 112, environment_count @ 120);

// What a 1.0 side knows of the structs that have grown.
const _: () = assert!(HOST_SIZE_1_0 == 56 && BATCH_SIZE_1_0 == 64 && PROBLEM_SIZE_1_0 == 88);
