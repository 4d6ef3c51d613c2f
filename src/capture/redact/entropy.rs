//! Strings that look drawn at random: keys that no pattern knows.
//!
//! A run of letters, digits, `+`, `/`, `-` and `_` is taken for a secret when
//!
//! * it has 24 to 512 characters (longer runs are data: images, archives, signatures), digits and letters among them;
//! * its Shannon entropy is at least 3.6 bits per character;
//! * small letters, capitals and digits take turns at least once in five characters, hexadecimal hashes in it aside. In
//!   strings drawn at random they do so every other time; in 35 MB of published agent logs, every run that these two rules
//!   took was a signature or a token;
//! * it is none of what traces are joined and compared by: a hash or an UUID (hexadecimal digits and dashes only), a
//!   digest with its name before it (`sha256-...`), an identifier of a call, a response or a message by its prefix
//!   (`call_...`, `toolu_...`, `chatcmpl-...`), or a mangled C++ or Rust symbol. The identifiers of an event itself, and
//!   the values of JSON keys such as `id` or `signature`, are exempt too (see `event` and `json`).

use super::shape::{changes_outside_hashes, entropy, has_digits_and_letters};
use std::ops::{Range, RangeInclusive};

/// Category of its masks.
pub(super) const HIGH_ENTROPY: &str = "high-entropy";
/// Characters of a run that is looked at.
const LENGTHS: RangeInclusive<usize> = 24..=512;
/// Bits per character from which a run is taken for a secret.
const LEAST_BITS: f64 = 3.6;
/// Changes between small letters, capitals and digits per character from which it is.
const LEAST_CHANGES: f64 = 0.2;

/// Prefixes of identifiers that providers and harnesses give to calls, responses, messages and runs.
#[rustfmt::skip]
const ID_PREFIXES: &[&str] = &[
    "asst_", "batch_", "call-", "call_", "chatcmpl-", "chatcmpl_", "cmpl-", "conv_", "ctc_", "evt_", "fc_", "file-", "file_",
    "functions-", "gen-", "item_", "msg_", "msgbatch_", "org-", "proj_", "reasoning_", "req_", "request_", "resp_", "rs_",
    "run-", "run_", "sess_", "session_", "srvtoolu_", "step_", "task_", "thread_", "tooluse_", "toolu_", "trace_", "ws_",
];
/// Names of hash functions before their digest.
const DIGEST_PREFIXES: &[&str] = &["md5-", "sha1-", "sha256-", "sha384-", "sha512-", "blake3-"];
/// Beginnings of mangled symbols: Itanium C++, Rust.
const SYMBOL_PREFIXES: &[&str] = &["_Z", "__Z", "_R", "__R", "ZN"];

/// The first run that is taken for a secret and not exempt.
pub(super) fn find(text: &str, is_exempt: &dyn Fn(&str) -> bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        if !is_in_run(bytes[start]) {
            start += 1;
            continue;
        }
        let length = bytes[start..].iter().take_while(|b| is_in_run(**b)).count();
        let end = start + length;
        let is_secret = |run: &str| looks_random(run) && !is_exempt(run);
        if LENGTHS.contains(&length) && text.get(start..end).is_some_and(is_secret) {
            let padding = bytes[end..].iter().take(2).take_while(|b| **b == b'=').count();
            return Some(start..end + padding);
        }
        start = end;
    }
    None
}

const fn is_in_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Whether a run of the right length is taken for a secret.
fn looks_random(run: &str) -> bool {
    has_digits_and_letters(run)
        && !is_identifier(run)
        && entropy(run) >= LEAST_BITS
        && changes_outside_hashes(run) >= LEAST_CHANGES
}

/// What traces are joined and compared by.
fn is_identifier(run: &str) -> bool {
    let starts_as = |prefixes: &[&str]| prefixes.iter().any(|prefix| run.starts_with(prefix));
    let is_hash = run.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'_'));
    is_hash || starts_as(ID_PREFIXES) || starts_as(DIGEST_PREFIXES) || starts_as(SYMBOL_PREFIXES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    fn found(text: &str) -> Vec<&str> {
        let mut rest = text;
        let mut found = Vec::new();
        while let Some(range) = find(rest, &|_| false) {
            found.push(&rest[range.clone()]);
            rest = &rest[range.end..];
        }
        found
    }

    /// The share of random strings of a length that are found.
    fn recall(alphabet: &str, length: usize) -> f64 {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let alphabet = alphabet.as_bytes();
        let mut draw = || {
            let pick = |n: u32| char::from(alphabet[n as usize % alphabet.len()]);
            (0..length).map(|_| pick(random.next_u32())).collect::<String>()
        };
        let hits = (0..5000).filter(|_| found(&draw()) != Vec::<&str>::new()).count();
        f64::from(u32::try_from(hits).unwrap()) / 5000.0
    }

    #[test]
    fn strings_drawn_at_random_are_found() {
        let base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        for (alphabet, length, least) in [
            (base62, 24, 0.97),
            (base62, 32, 0.98),
            (base62, 64, 0.99),
            (&*format!("{base62}+/"), 40, 0.98),
            (&*format!("{base62}-_"), 43, 0.98),
            ("abcdefghijklmnopqrstuvwxyz0123456789", 32, 0.95),
        ] {
            let share = recall(alphabet, length);
            assert!(share > least, "{length} of {alphabet}: {share}");
        }
        assert!(recall("0123456789abcdef", 64) < 1e-9, "hexadecimal digits are a hash");
    }

    #[test]
    fn what_traces_are_joined_and_compared_by_stays() {
        for text in [
            // Git, SHA-256, UUID, arguments_hash.
            "commit 494d210c47ab1cb1ed35f27d2e1f0a9b8c7d6e5f by",
            "sha256:32497e9a4c7b38532efcdebeef879707aa9f794296a4f0244f6f69e9bc8574bd",
            "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
            "-3458764513820540928",
            // Identifiers of calls, responses, messages and runs.
            "call_aB3dE6gH9jK2mN5pQ8rS1tU4",
            "toolu_01aB3dE6gH9jK2mN5pQ8rS1tU4",
            "chatcmpl-aB3dE6gH9jK2mN5pQ8rS1tU4vW7x",
            "msg_01aB3dE6gH9jK2mN5pQ8rS1tU4",
            "resp_0aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0z",
            "engineer-openhand-500-qwen3.6-max-preview-tasks-0-5",
            // Digests with a name, artefacts with a hash, partitions of a store.
            "sha512-aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zCaB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC==",
            "target/debug/deps/libpolars_core-c47ab1cb1ed35f27.rmeta",
            "workload=yatcc/model=claude-opus-4-7/engineer-500-v2-openhands-claude-opus-4-7-tasks-0-5.parquet",
            // Paths, names, symbols, versions, times, numbers.
            "/usr/lib/gcc/x86_64-linux-gnu/13/include/c++/bits/stl_algo.h",
            "src/frontend/Parser2/RecursiveDescentParserForStatements17.cpp",
            "_ZN4llvm9IRBuilderINS_14ConstantFolderENS_24IRBuilderDefaultInserterEE7CreateBrEPNS_10BasicBlockE",
            "test_functional_0_001_var_defn_global_initialised_array2",
            "2026-05-01T10-22-33-123456Z-0000000001-run",
            "3.14159265358979323846264338327950288419716939937510",
            "-fno-omit-frame-pointer-and-more-flags2 --target=riscv64-unknown-linux-gnu",
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            "",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn lengths_and_padding() {
        let key = "aB3dE6gH9jK2mN5pQ8rS1tU4";
        assert_eq!(found(&format!("x={key}; y=\"{key}==\"")), [key, &format!("{key}==")]);
        assert_eq!(found(&key[..23]), Vec::<&str>::new());
        let long: String = key.repeat(22).chars().take(512).collect();
        assert_eq!(found(&long), [&long]);
        assert_eq!(found(&format!("{long}x")), Vec::<&str>::new(), "data");
        assert_eq!(find(key, &|run| run == key), None);
    }
}
