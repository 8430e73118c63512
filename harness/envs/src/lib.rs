//! Built-in environments with exact solutions, dataset recipes and score normalisers
