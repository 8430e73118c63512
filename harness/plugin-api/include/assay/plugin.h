/* Assay plugin ABI, version 1.3: the specification.
 *
 * A plugin is one dynamic library that exports one symbol, `assay_plugin_entry`. It offers learners (parts of an
 * offline-RL algorithm) and environments. The host (an `assay worker` process) loads it, reads the descriptor,
 * creates instances and calls them. Everything that crosses is plain C: fixed-width integers, doubles, UTF-8 text
 * with a length, and DLPack tensor views.
 *
 * READING ORDER  entry -> descriptor -> learner -> host -> interfaces -> environment.
 *
 * RULES THAT HOLD EVERYWHERE
 *  Threads     All calls into a plugin, and all calls from a plugin into the host, happen on one thread: the worker's
 *              thread. Every function below is [worker-thread]. A plugin starts no threads of its own.
 *  Ownership   Memory is freed by the side that allocated it. An argument is borrowed for the duration of the call
 *              unless its comment says otherwise. A view that a function returns belongs to the callee; its lifetime is
 *              stated at the function.
 *  Text        `assay_string` is UTF-8, not NUL-terminated; {NULL, 0} is the empty text.
 *  Arrays      `DLTensor` views (DLPack 1.0 layout), on the CPU (device_type 1) in ABI 1, compact row-major:
 *              `strides` is NULL or equals the compact strides. B is the batch size, S, A, G the dimensions of
 *              observation, action and goal. Numbers are float32 unless the problem says float64.
 *  Actions     Where actions are discrete, problem.action_count is K and action_dim is 0: an array of actions is then
 *              [B, 1] and holds indices 0 .. K - 1 as floats.
 *  Goals       `goal` is NULL where the benchmark has no goal.
 *  Errors      A function returns an assay_status. If it is not ASSAY_OK and `error` is not NULL, it has written code
 *              and message there; outputs are then unspecified. An exception or panic must not cross: catch it, return
 *              ASSAY_INTERNAL, and answer every later call of that instance with ASSAY_POISONED.
 *  Growth      Every struct starts with `struct_size`, set by the side that fills it. Fields are only appended, and
 *              appending raises the minor number. A reader must not touch a field beyond the writer's struct_size; a
 *              missing tail means that the feature is absent. Removing or reordering raises the major number. Reserved
 *              fields are zero. "Since 1.1" marks what a 1.0 side lacks. A struct that one side provides and the other
 *              fills (assay_batch, assay_test_time_counts) has struct_size set by its provider to the room there is;
 *              nothing is written beyond it.
 *  Loading     A library is opened with RTLD_NOW | RTLD_LOCAL, carries no rpath, and is never unloaded. The host has
 *              loaded the runtimes named in the sidecar (libtorch, MuJoCo) before; the plugin binds them by SONAME.
 *
 * Tags in square brackets give thread and required state, e.g. [worker-thread & created].
 */
#ifndef ASSAY_PLUGIN_H
#define ASSAY_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_ABI_MAJOR 1u
#define ASSAY_ABI_MINOR 3u
#define ASSAY_ENTRY_SYMBOL "assay_plugin_entry"

/* ---------------------------------------------------------------- basic types */

typedef struct assay_string {
  const char *data;
  uint64_t size; /* bytes */
} assay_string;

typedef uint32_t assay_status;
#define ASSAY_OK 0u
#define ASSAY_INVALID_ARGUMENT 1u /* wrong shape, dtype, unknown hyperparameter, value out of range */
#define ASSAY_INVALID_STATE 2u    /* bytes given to load() are truncated, foreign or corrupted */
#define ASSAY_NON_FINITE 3u       /* a NaN or infinity in input, loss or parameters; the message names which */
#define ASSAY_UNSUPPORTED 4u      /* the interface has no such function for this instance */
#define ASSAY_CANCELLED 5u        /* the host asked to stop and the plugin did, between two updates */
#define ASSAY_HOST_FAILED 6u      /* a host function failed; pass its message on */
#define ASSAY_INTERNAL 7u         /* panic or exception caught at the boundary; the instance is now poisoned */
#define ASSAY_POISONED 8u         /* an earlier call ended in ASSAY_INTERNAL */

/* Caller-owned error text. The callee writes at most `capacity` bytes and sets `size` to what it wrote. */
typedef struct assay_error {
  uint32_t struct_size;
  uint32_t code; /* an assay_status */
  char *message;
  uint64_t capacity;
  uint64_t size;
} assay_error;

/* DLPack's tensor view, layout-compatible with dlpack.h (which may be included before this header). */
#ifndef DLPACK_DLPACK_H_
typedef struct {
  int32_t device_type; /* 1 = CPU, 2 = CUDA */
  int32_t device_id;
} DLDevice;
typedef struct {
  uint8_t code; /* 0 = int, 1 = uint, 2 = float */
  uint8_t bits;
  uint16_t lanes; /* 1 */
} DLDataType;
typedef struct {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides; /* in elements; NULL = compact row-major */
  uint64_t byte_offset;
} DLTensor;
#endif

/* Byte streams for save and load, implemented by the host. Either may move fewer bytes than asked: loop. */
typedef struct assay_writer {
  uint32_t struct_size;
  uint32_t reserved;
  void *ctx;
  /* Accept up to `size` bytes; *written (>= 1) says how many. Errors: HOST_FAILED. [during save] */
  assay_status (*write)(void *ctx, const void *bytes, uint64_t size, uint64_t *written);
} assay_writer;

typedef struct assay_reader {
  uint32_t struct_size;
  uint32_t reserved;
  void *ctx;
  /* Deliver up to `capacity` bytes; *read says how many, 0 means the end. Errors: HOST_FAILED. [during load] */
  assay_status (*read)(void *ctx, void *bytes, uint64_t capacity, uint64_t *read);
} assay_reader;

/* ---------------------------------------------------------------- host */

/* One minibatch of transitions. Views owned by the host; the room owned by the plugin, which sets struct_size. */
typedef struct assay_batch {
  uint32_t struct_size;
  uint32_t reserved;
  const DLTensor *observation;      /* [B, S] */
  const DLTensor *action;           /* [B, A] */
  const DLTensor *reward;           /* [B] */
  const DLTensor *terminated;       /* [B], 0 or 1; truncation is not termination: bootstrap through it */
  const DLTensor *next_observation; /* [B, S]; where terminated it carries no meaning */
  const DLTensor *goal;             /* [B, G] or NULL */
  const DLTensor *row;              /* [B] int64: stable index of the transition, in 0 .. problem.row_count */
  const DLTensor *next_action;      /* [B, A] or NULL; where terminated it is zero. Since 1.1; never written by a host
                                       that negotiated 1.0 */
} assay_batch;

#define ASSAY_GOALS_NONE 0u   /* rows as recorded; `goal` is NULL */
#define ASSAY_GOALS_VALUE 1u  /* the benchmark's rule for learning values */
#define ASSAY_GOALS_POLICY 2u /* the benchmark's rule for learning policies */
#define ASSAY_GOALS_FUTURE 3u /* the benchmark's rule for goals from the row's own future */

/* What a minibatch is asked for. All zeros (but struct_size) asks for what batch() gives. Since 1.1. */
typedef struct assay_batch_request {
  uint32_t struct_size;
  uint32_t goals;       /* ASSAY_GOALS_*; NONE where problem.goal_dim is 0. Else the host relabels: `goal` is set, and
                           `reward` and `terminated` follow the benchmark's rule for that goal */
  uint32_t next_action; /* 1: rows without a successor action are never drawn unless terminated, and `next_action` is
                           set; 0: it is NULL */
  uint32_t held_out;    /* 1: rows of the validation trajectories; 0: rows of the stage's data view */
} assay_batch_request;

#define ASSAY_UNIFORM 0u /* [0, 1) */
#define ASSAY_NORMAL 1u  /* mean 0, standard deviation 1 */

#define ASSAY_LOG_INFO 0u
#define ASSAY_LOG_WARNING 1u

/* Host services. The table and `ctx` stay valid as long as the instance they were given to. */
typedef struct assay_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* negotiated: the lower of both sides */
  void *ctx;

  /* The minibatch of `stream` at `step`: a function of (seed, role, stream, step) alone, so asking twice gives the same
   * bytes and a resumed learner needs no sampler state. Each row is drawn uniformly with replacement from the stage's
   * data view; the batch has problem.batch_size rows.
   * out: views valid until the next batch() call on the same stream.
   * Errors: INVALID_ARGUMENT (stage has no data). [worker-thread, from create, update] */
  assay_status (*batch)(void *ctx, assay_string stream, uint64_t step, assay_batch *out, assay_error *error);

  /* `count` random numbers: a function of (seed, role, stream, position) alone. kind: ASSAY_UNIFORM or ASSAY_NORMAL.
   * Errors: INVALID_ARGUMENT (unknown kind). [worker-thread, always] */
  assay_status (*random)(void *ctx, assay_string stream, uint64_t position, uint32_t kind, double *out,
                         uint64_t count, assay_error *error);

  /* A line for the stage's log. Never print to stdout. [worker-thread, always] */
  void (*log)(void *ctx, uint32_t level, assay_string text);

  /* Record `value` of metric `name` (lower-case words joined by _) after `update` updates. A non-finite value makes the
   * host end the stage as failed. [worker-thread, from update] */
  assay_status (*metric)(void *ctx, assay_string name, uint64_t update, double value, assay_error *error);

  /* 1 if the plugin should return ASSAY_CANCELLED at the next update boundary. [worker-thread, from update] */
  uint32_t (*cancelled)(void *ctx);

  /* As batch, for what `request` asks: a function of (seed, role, stream, step, request) alone. Requests that differ
   * draw other rows, so use one stream for one request.
   * out: views valid until the next batch() or batch_with() call on the same stream.
   * Errors: INVALID_ARGUMENT (stage has no data, goals without problem.goal_dim, unknown request, no room for
   * next_action), UNSUPPORTED (the data have no such rows). Since 1.1. [worker-thread, always] */
  assay_status (*batch_with)(void *ctx, assay_string stream, uint64_t step, const assay_batch_request *request,
                             assay_batch *out, assay_error *error);
} assay_host;

/* ---------------------------------------------------------------- learner */

#define ASSAY_FLOAT32 0u
#define ASSAY_FLOAT64 1u

/* What is to be learned. Borrowed for the duration of create(). */
typedef struct assay_problem {
  uint32_t struct_size;
  uint32_t precision;       /* ASSAY_FLOAT32 or ASSAY_FLOAT64: dtype of all arrays of this stage */
  uint64_t observation_dim; /* S */
  uint64_t action_dim;      /* A; 0 where actions are discrete */
  uint64_t action_count;    /* number of discrete actions; 0 where actions are continuous */
  uint64_t goal_dim;        /* G; 0 = no goal */
  double action_low;        /* bounds common to all action dimensions */
  double action_high;
  double discount;
  uint64_t batch_size; /* B of host->batch */
  uint64_t updates;    /* the stage's whole budget: the horizon of schedules */
  uint64_t row_count;  /* transitions in the dataset: assay_batch.row is below it */
  uint64_t observation_shape[3]; /* channels, height, width where an observation is a picture of S = c * h * w numbers in
                                    that order; else zeros. Since 1.1 */
} assay_problem;

/* An interface of an earlier stage, bound to one of this learner's requirements. Valid as long as the instance. */
typedef struct assay_upstream {
  uint32_t struct_size;
  uint32_t reserved;
  assay_string role;         /* e.g. "value" */
  assay_string interface_id; /* e.g. "critic/1" */
  const void *table;         /* e.g. const assay_critic_v1 * */
  void *instance;            /* first argument of the table's functions */
} assay_upstream;

#define ASSAY_DETERMINISM_NONE 0u    /* same inputs may give different bytes */
#define ASSAY_DETERMINISM_BITWISE 1u /* same inputs, library, runtime, one thread: same bytes */

typedef struct assay_learner_descriptor {
  uint32_t struct_size;
  uint32_t determinism;
  assay_string id;      /* kebab-case, e.g. "iql"; unique within the host's search path */
  assay_string version; /* semantic version of the algorithm; raise it when results change */
  assay_string description;
  const assay_string *requires_ids; /* interfaces that must be bound, e.g. "critic/1"; since 1.1 also what the benchmark
                                       must have, without a number: goals, discrete-actions, continuous-actions; and
                                       with a "?" at its end ("encoder/1?") an interface that is bound where an
                                       earlier stage provides it */
  uint64_t requires_count;
  const assay_string *provides_ids; /* interfaces an instance of default hyperparameters answers to */
  uint64_t provides_count;
  assay_string hyperparameters_schema; /* JSON Schema of an object; every property carries its default */

  /* Make an instance. hyperparameters: a JSON object valid under the schema with every property present.
   * upstream: at least one entry for each required interface; none for what is required of the benchmark.
   * A learner says which problems it solves by refusing the others, e.g. those with goals or discrete actions, with
   * INVALID_ARGUMENT.
   * *out: owned by the plugin until destroy(); untouched on error. The host table outlives the instance.
   * Errors: INVALID_ARGUMENT (unknown or bad hyperparameter, impossible problem), HOST_FAILED, INTERNAL.
   * [worker-thread] */
  assay_status (*create)(const assay_host *host, const assay_problem *problem, assay_string hyperparameters,
                         const assay_upstream *upstream, uint64_t upstream_count, void **out, assay_error *error);

  /* Run `count` further updates; zero is allowed and does nothing. Two calls of n and m equal one of n + m.
   * Errors: NON_FINITE, CANCELLED, HOST_FAILED, INTERNAL. [worker-thread & created] */
  assay_status (*update)(void *instance, uint64_t count, assay_error *error);

  /* Write the whole state: networks, targets, optimisers, counters. After load() of these bytes into a fresh instance
   * made with the same arguments, training continues bit for bit as if never interrupted.
   * Errors: HOST_FAILED, INTERNAL. [worker-thread & created] */
  assay_status (*save)(void *instance, const assay_writer *writer, assay_error *error);

  /* Replace the state by saved bytes. Bytes that are empty, truncated, longer, or not written by save() of this learner
   * version are refused with INVALID_STATE and leave the instance unusable but destroyable.
   * Errors: INVALID_STATE, HOST_FAILED, INTERNAL. [worker-thread & created] */
  assay_status (*load)(void *instance, const assay_reader *reader, assay_error *error);

  /* The function table of an interface, or NULL if this instance does not offer it (hyperparameters may decide).
   * The table is static; its functions take `instance` first. [worker-thread & created] */
  const void *(*interface_table)(void *instance, assay_string interface_id);

  /* Free the instance; never fails. [worker-thread & created] */
  void (*destroy)(void *instance);
} assay_learner_descriptor;

/* ---------------------------------------------------------------- interfaces of learners */

#define ASSAY_NETWORK_ONLINE 0u
#define ASSAY_NETWORK_TARGET 1u
#define ASSAY_REDUCE_MIN 0u
#define ASSAY_REDUCE_MEAN 1u
#define ASSAY_REDUCE_MEMBER 2u /* no reduction: one row per ensemble member */

/* "critic/1": Q(s, a), or Q(s, a, g). Values are those of a frozen function: no gradient reaches its weights. */
typedef struct assay_critic_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* q: [B], or [M, B] with REDUCE_MEMBER. A critic without a target network answers TARGET with UNSUPPORTED.
   * *q is a callee-owned view valid until the next call on this instance.
   * Errors: INVALID_ARGUMENT, UNSUPPORTED, INTERNAL. [worker-thread & created] */
  assay_status (*q)(void *instance, const DLTensor *observation, const DLTensor *goal, const DLTensor *action,
                    uint32_t network, uint32_t reduce, DLTensor *q, assay_error *error);
  /* As q, and dq_da = the gradient of sum(q) in the action, [B, A] (per sample, as rows do not interact).
   * REDUCE_MEMBER is UNSUPPORTED here. With REDUCE_MIN the gradient is that of the smaller member. */
  assay_status (*q_gradient)(void *instance, const DLTensor *observation, const DLTensor *goal,
                             const DLTensor *action, uint32_t network, uint32_t reduce, DLTensor *q, DLTensor *dq_da,
                             assay_error *error);
} assay_critic_v1;

/* "state-value/1": V(s), or V(s, g). */
typedef struct assay_state_value_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* v: [B], callee-owned, valid until the next call on this instance. [worker-thread & created] */
  assay_status (*v)(void *instance, const DLTensor *observation, const DLTensor *goal, DLTensor *v,
                    assay_error *error);
} assay_state_value_v1;

#define ASSAY_ACT_GREEDY 0u /* the mean (or mode) of the policy */
#define ASSAY_ACT_SAMPLED 1u

/* "policy/1": pi(a | s), or pi(a | s, g). */
typedef struct assay_policy_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* action: [B, A], finite and within the action bounds. mode GREEDY ignores `position`; SAMPLED draws its noise from
   * host->random(stream "act", position), so equal positions give equal actions.
   * Callee-owned view, valid until the next call on this instance. [worker-thread & created] */
  assay_status (*act)(void *instance, const DLTensor *observation, const DLTensor *goal, uint32_t mode,
                      uint64_t position, DLTensor *action, assay_error *error);
  /* log_prob: [B]. UNSUPPORTED for policies without a density. */
  assay_status (*log_prob)(void *instance, const DLTensor *observation, const DLTensor *goal, const DLTensor *action,
                           DLTensor *log_prob, assay_error *error);
  /* A diagonal Gaussian's mean and standard deviation before clipping, both [B, A]. UNSUPPORTED for other families. */
  assay_status (*distribution)(void *instance, const DLTensor *observation, const DLTensor *goal, DLTensor *mean,
                               DLTensor *std, assay_error *error);
} assay_policy_v1;

/* "q-all/1": Q(s, .) of every discrete action. Since 1.1. */
typedef struct assay_q_all_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* q: [B, K], or [M, B, K] with REDUCE_MEMBER; network and reduce as in critic/1.
   * Callee-owned view, valid until the next call on this instance.
   * Errors: INVALID_ARGUMENT, UNSUPPORTED, INTERNAL. [worker-thread & created] */
  assay_status (*q_all)(void *instance, const DLTensor *observation, const DLTensor *goal, uint32_t network,
                        uint32_t reduce, DLTensor *q, assay_error *error);
} assay_q_all_v1;

/* "policy-discrete/1": log pi(. | s) over all discrete actions. Since 1.1. */
typedef struct assay_policy_discrete_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* log_probs: [B, K], the log of probabilities that sum to 1 in each row.
   * Callee-owned view, valid until the next call on this instance. [worker-thread & created] */
  assay_status (*log_probs)(void *instance, const DLTensor *observation, const DLTensor *goal, DLTensor *log_probs,
                            assay_error *error);
} assay_policy_discrete_v1;

/* "policy-update/1": gradient steps that start from the trained policy pi_off, for use in evaluation. They change what
 * policy/1 of the same instance answers and nothing that save() writes. Since 1.1. */
typedef struct assay_policy_update_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* Back to pi_off with a fresh optimiser of this learning rate (>= 0). Errors: INVALID_ARGUMENT.
   * [worker-thread & created] */
  assay_status (*begin)(void *instance, double learning_rate, assay_error *error);
  /* One ascent step on mean_b <dq_da_b, mu(s_b)> - kl_weight * mean_b KL(pi_off || pi)(s_b), where mu is the greedy
   * action. dq_da: [B, A]. *kl: the mean KL before the step. A learning rate of 0 changes nothing.
   * Errors: INVALID_ARGUMENT (also: before begin), NON_FINITE. [worker-thread & begun] */
  assay_status (*step)(void *instance, const DLTensor *observation, const DLTensor *goal, const DLTensor *dq_da,
                       double kl_weight, double *kl, assay_error *error);
  /* Back to pi_off, bit for bit, with a fresh optimiser of the same learning rate. [worker-thread & created] */
  assay_status (*reset)(void *instance, assay_error *error);
} assay_policy_update_v1;

/* What acting has cost so far. Since 1.1. */
typedef struct assay_test_time_counts {
  uint32_t struct_size;
  uint32_t sequential;       /* 1: needs one environment per batch and episodes in the order of their index */
  uint64_t critic_gradients; /* rows of dQ/da that were asked for, since create; never falls */
  uint64_t policy_updates;   /* steps of policy-update/1, since create; never falls */
} assay_test_time_counts;

/* "test-time/1": a policy that works while it acts. A batch of one row is a step of the running episode. A batch of
 * several rows changes nothing where the policy is sequential: it is a question; neither does anything before the first
 * begin_episode(). Since 1.1. */
typedef struct assay_test_time_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* The next act() belongs to this episode. Actions are a function of the trained state, the seed and what was asked
   * since create(), so a fresh instance asked the same repeats them. [worker-thread & created] */
  assay_status (*begin_episode)(void *instance, uint64_t episode, assay_error *error);
  /* [worker-thread & created] */
  assay_status (*counts)(void *instance, assay_test_time_counts *out, assay_error *error);
} assay_test_time_v1;

/* "encoder/1": a representation of observations. Since 1.1. */
typedef struct assay_encoder_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* code: [B, E], the same E in every call. Callee-owned view, valid until the next call on this instance.
   * [worker-thread & created] */
  assay_status (*encode)(void *instance, const DLTensor *observation, DLTensor *code, assay_error *error);
} assay_encoder_v1;

/* ---------------------------------------------------------------- environment */

/* The result of one step. */
typedef struct assay_step {
  uint32_t struct_size;
  uint32_t terminated; /* 0 or 1: the episode ended in a terminal state */
  uint32_t truncated;  /* 0 or 1: the episode was cut by the time limit */
  uint32_t reserved;
  double reward;
} assay_step;

typedef struct assay_environment_spec {
  uint32_t struct_size;
  uint32_t horizon; /* steps until truncation */
  uint64_t observation_dim;
  uint64_t action_dim;
  uint64_t state_dim; /* length of set_state's vector; 0 if states cannot be set */
  double action_low;
  double action_high;
} assay_environment_spec;

/* "environment/1": a simulator. Observations and actions are caller-allocated, compact, CPU. */
typedef struct assay_environment_descriptor {
  uint32_t struct_size;
  uint32_t determinism;
  assay_string id; /* family/name-vN. Since 1.2 it may end with a star in place of name-vN: `family/<star>` stands for every
                      id of that family, and create() gets the whole id and refuses what it does not know. */
  assay_string version;
  assay_string description;
  const assay_string *model_files; /* relative to the model folder; the host records their digests */
  uint64_t model_file_count;

  /* Make an instance of the environment with this descriptor. model_dir: absolute folder that holds model_files.
   * Errors: INVALID_ARGUMENT, INTERNAL. [worker-thread] */
  assay_status (*create)(const assay_host *host, assay_string id, assay_string model_dir, void **out,
                         assay_error *error);
  /* [worker-thread & created] */
  assay_status (*spec)(void *instance, assay_environment_spec *out, assay_error *error);
  /* Start an episode that is a function of `seed` alone. observation: [S] float64, written. [worker-thread & created] */
  assay_status (*reset)(void *instance, uint64_t seed, DLTensor *observation, assay_error *error);
  /* Advance one step. action: [A] float32. observation: [S] float64, written.
   * Errors: INVALID_ARGUMENT (shape), NON_FINITE (action). [worker-thread & reset] */
  assay_status (*step)(void *instance, const DLTensor *action, DLTensor *observation, assay_step *out,
                       assay_error *error);
  /* Put the simulator into `state` ([state_dim] float64) as a running episode with its step counter at zero, and write
   * the observation. Errors: UNSUPPORTED, INVALID_ARGUMENT. [worker-thread & created] */
  assay_status (*set_state)(void *instance, const DLTensor *state, DLTensor *observation, assay_error *error);
  /* Interfaces beyond stepping: "oracle/1", "spaces/1", "behaviour/1"; NULL if there is none. [worker-thread & created] */
  const void *(*interface_table)(void *instance, assay_string interface_id);
  /* [worker-thread & created] */
  void (*destroy)(void *instance);
} assay_environment_descriptor;

/* What assay_environment_spec does not say. Since 1.2. */
typedef struct assay_spaces {
  uint32_t struct_size;
  uint32_t action_count;         /* actions are one entry that holds an index below this; 0: continuous */
  uint64_t goal_dim;             /* G; 0 = no goal */
  uint32_t observation_shape[3]; /* channels, height, width of an image, row by row; zeros otherwise */
  uint32_t reserved;
} assay_spaces;

/* "spaces/1": goals, discrete actions and images. An environment without it has none of them. Since 1.2. */
typedef struct assay_spaces_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* The same in every call. [worker-thread & created] */
  assay_status (*describe)(void *instance, assay_spaces *out, assay_error *error);
  /* The goal of the running episode, fixed until the next reset(); in an episode of behaviour/1 the goal that is pursued
   * now. goal: [G] float64, written. Not called where G is 0.
   * Errors: INVALID_ARGUMENT (no running episode), UNSUPPORTED (a behaviour whose goals are none of these numbers).
   * [worker-thread & reset] */
  assay_status (*goal)(void *instance, DLTensor *goal, assay_error *error);
} assay_spaces_v1;

#define ASSAY_ORACLE_OPTIMAL 0u   /* Q*, V* */
#define ASSAY_ORACLE_BEHAVIOUR 1u /* of the policy that made the data, described by `behaviour` */

/* "oracle/1": exact values, where the environment knows them. All outputs caller-allocated, float64. */
typedef struct assay_oracle_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* action: [B, A]. [worker-thread & created] */
  assay_status (*optimal_action)(void *instance, const DLTensor *observation, DLTensor *action, assay_error *error);
  /* q: [B]; dq_da: [B, A] or NULL. behaviour: JSON, ignored for OPTIMAL. Errors: UNSUPPORTED. */
  assay_status (*q)(void *instance, uint32_t functional, assay_string behaviour, const DLTensor *observation,
                    const DLTensor *action, DLTensor *q, DLTensor *dq_da, assay_error *error);
  /* v: [B]. */
  assay_status (*v)(void *instance, uint32_t functional, assay_string behaviour, const DLTensor *observation,
                    DLTensor *v, assay_error *error);
} assay_oracle_v1;

/* One scripted behaviour. The texts live as long as the library. Since 1.3. */
typedef struct assay_behaviour {
  uint32_t struct_size;
  uint32_t reserved;
  assay_string name;        /* kebab-case, unique within the environment, e.g. "navigate" */
  assay_string description; /* one sentence */
  assay_string parameters;  /* JSON object: every parameter with its default; {} where there are none */
} assay_behaviour;

/* "behaviour/1": scripted behaviours, with which the host makes datasets: begin(), then act() and step() by turns. The host
 * adds noise to the actions, clips them, and decides how long an episode is: after begin(), and until the next reset() or
 * set_state(), step() neither truncates nor ends an episode because a goal is reached; a behaviour may go on to another
 * goal then. Rewards are those of the goal that is pursued. Since 1.3. */
typedef struct assay_behaviour_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* The behaviour of this index, in an order that never changes, into `out` (the room is the host's, which sets struct_size).
   * *count: how many there are, at least 1; an index beyond the last leaves `out` alone.
   * The same in every call. [worker-thread & created] */
  assay_status (*describe)(void *instance, uint64_t index, assay_behaviour *out, uint64_t *count, assay_error *error);
  /* Start an episode of behaviour `name` from the behaviour's own start, towards its own goals: a function of `seed` and
   * `parameters` alone, whatever ran before. parameters: a JSON object; one that it lacks has its default.
   * observation: [S] float64, written.
   * Errors: INVALID_ARGUMENT (unknown name, unknown or bad parameter; the message lists what there is).
   * [worker-thread & created] */
  assay_status (*begin)(void *instance, assay_string name, assay_string parameters, uint64_t seed, DLTensor *observation,
                        assay_error *error);
  /* The behaviour's action in the present state, without noise; the host clips it. action: [A] float32, written.
   * Asking again before the next step() gives the same action.
   * Errors: INVALID_ARGUMENT (no running episode of a behaviour). [worker-thread & begun] */
  assay_status (*act)(void *instance, DLTensor *action, assay_error *error);
} assay_behaviour_v1;

/* ---------------------------------------------------------------- descriptor and entry */

typedef struct assay_plugin_descriptor {
  /* The first three fields are frozen across all majors, so that any host can explain a refusal. */
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor_needed; /* the lowest host minor this plugin works with */
  uint32_t abi_minor;        /* the minor it was built against */
  assay_string id;
  assay_string version;
  assay_string license;
  assay_string description;
  const assay_string *runtimes; /* shared runtimes the library binds, e.g. "libtorch 2.11.0" */
  uint64_t runtime_count;
  const assay_learner_descriptor *const *learners;
  uint64_t learner_count;
  const assay_environment_descriptor *const *environments;
  uint64_t environment_count;
} assay_plugin_descriptor;

/* The one exported symbol. Returns the plugin's static descriptor, valid for the life of the process; never NULL. It has
 * no side effects: hosts call it to list what is inside. [worker-thread] */
typedef const assay_plugin_descriptor *(*assay_plugin_entry_fn)(void);

#if defined(__GNUC__)
#define ASSAY_EXPORT __attribute__((visibility("default")))
#else
#define ASSAY_EXPORT
#endif
ASSAY_EXPORT const assay_plugin_descriptor *assay_plugin_entry(void);

#ifdef __cplusplus
}
#endif
#endif /* ASSAY_PLUGIN_H */
