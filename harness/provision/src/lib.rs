//! Provides libtorch, MuJoCo and model files from pinned wheels
