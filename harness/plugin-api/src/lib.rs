//! The plugin boundary: C header, layout mirror and the safe SDK for plugin authors
