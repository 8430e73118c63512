//! Learner plugin template
