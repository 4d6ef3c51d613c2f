//! Whole calls through a proxy, against a model server that does as it is told.
//!
//! * `fixture`: the server, the client and the sink
//! * `passing`: bytes go through unchanged
//! * `recording`: what each API's calls become
//! * `talking`: conversations, codings, what is missing
//! * `failing`: errors, retries, cut and damaged streams, keys
//! * `crowd`: many calls at once, and very long ones
//! * `memory`: what the proxy takes

mod crowd;
mod failing;
mod fixture;
mod memory;
mod passing;
mod recording;
mod talking;
