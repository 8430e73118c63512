//! Networks, optimiser and tensor views on libtorch
