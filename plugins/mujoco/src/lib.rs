//! MuJoCo environments
