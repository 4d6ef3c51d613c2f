//! Where logs are read from: files, and what is inside archives, all alike.
//!
//! A [`LogFile`] is a range of bytes on disk under any number of compressions; its name is what a user sees
//! (`runs.tar.gz/a/b.jsonl`). Nothing is unpacked beside the user's files: what can only be read from front to back
//! (a compressed tar) goes through a temporary file without a name, which is gone with the process.
//!
//! * `log_file`: a file, streamed or read whole
//! * `packing`: compressions, recognised by their first bytes
//! * `archive`: the members of zip and tar files
//! * `tree`: the files below paths, folders, globs and archives
//! * `lines`: a file line by line, in bounded memory
//! * `values`: the records of lines or of one document
//! * `json`: JSON as producers really write it

mod archive;
mod json;
mod lines;
mod log_file;
mod packing;
mod tree;
mod values;

pub(super) use json::{lenient, problem as json_problem};
pub(super) use lines::{Line, Lines};
pub use log_file::LogFile;
pub(super) use tree::find_files;
pub(super) use values::Values;
