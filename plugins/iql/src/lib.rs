//! Learner plugin iql
