//! Plans the stage graph, runs workers, evaluates policies
