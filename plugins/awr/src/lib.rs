//! Learner plugin awr
