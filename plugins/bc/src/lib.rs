//! Learner plugin bc
