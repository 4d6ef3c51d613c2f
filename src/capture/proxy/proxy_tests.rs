//! Whole calls through a proxy, against a model server that does as it is told.
