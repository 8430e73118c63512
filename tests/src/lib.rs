//! End-to-end, golden and fixture tests
