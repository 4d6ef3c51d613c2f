//! Sessions made for a test, and the real one.
