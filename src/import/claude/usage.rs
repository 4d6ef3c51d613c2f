//! The `usage` of Anthropic's API, in which cached tokens stand beside the input.

use super::super::fields::Fields;
use super::super::usage::Usage;
use serde_json::Value;

/// The counts of a `usage` object, in which cached tokens stand beside the input. Zeros alone are what a client writes
/// that knows nothing.
pub(in super::super) fn usage_of(fields: &Fields) -> Usage {
    let count = |name: &str| fields.peek(name).and_then(Value::as_i64);
    counts(
        count("input_tokens"),
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
        count("output_tokens"),
    )
}

/// The counts of a call: no call has an empty prompt, and none that is answered has an empty answer.
pub(in super::super) fn counts(
    uncached: Option<i64>,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
    output: Option<i64>,
) -> Usage {
    let mut usage = Usage::apart(uncached, cache_read, cache_write, output.filter(|n| *n > 0));
    if usage.input == Some(0) {
        usage = Usage { output: usage.output, ..Usage::default() };
    }
    usage
}
