//! Learner plugin ddpg-bc
