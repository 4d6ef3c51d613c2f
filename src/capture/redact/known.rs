//! Secrets that are known by value: what the environment holds under names that look secret.
//!
//! A name looks secret when it has one of a few words in it, or when a user names it; words that are said of settings as
//! well count only over values that look like none. The value may be part of a longer text anywhere, in any of its
//! [`super::forms`]. A value of several lines, such as a private key, is also known line by
//! line, since tools print it with numbers or quotes between the lines.

use std::collections::BTreeSet;
use std::path::Path;

/// Characters below which a value would be found in every other sentence.
pub const SHORTEST_SECRET: usize = 8;
/// Characters from which a line of a longer secret is one itself.
const SHORTEST_LINE: usize = 16;

/// Words of names that look secret.
const SECRET_WORDS: &[&str] =
    &["APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL"];
/// The same, where they stand alone between underscores.
const SECRET_SEGMENTS: &[&str] = &["KEY", "PASS", "PWD", "PAT", "DSN", "WEBHOOK"];
/// Words of names that hold a secret, or say how one is come by: a mode, an address.
const VAGUE_WORDS: &[&str] = &["AUTH", "COOKIE", "PRIVATE", "KEY"];
/// Words in which a secret one is hidden by chance.
const HARMLESS_WORDS: &[&str] = &[
    "AUTHOR",
    "TOKENIZER",
    "KEYBOARD",
    "KEYMAP",
    "KEYWORD",
    "KEYCODE",
    "MONKEY",
    "HOTKEY",
    "GOPRIVATE",
];
/// Whole names that have a secret word for another reason: the working directory.
const HARMLESS_NAMES: &[&str] = &["PWD", "OLDPWD"];

/// Values that are secret wherever they stand.
#[derive(Clone, Default)]
pub struct KnownSecrets {
    values: BTreeSet<String>,
}

impl std::fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KnownSecrets({} values)", self.values.len())
    }
}

impl KnownSecrets {
    /// The secrets of this process's environment. `names` are variables that are secret whatever they are called. The path
    /// of a file that exists is no secret: some variables say where one lies.
    pub fn of_environment(names: &[String]) -> Self {
        let is_file = |value: &str| Path::new(value).is_absolute() && Path::new(value).exists();
        let text = std::env::vars_os()
            .filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)));
        Self::of_variables(text.filter(|(_, value)| !is_file(value)), names)
    }

    /// The secrets among variables, by their names, and the passwords of URLs.
    pub fn of_variables(
        variables: impl IntoIterator<Item = (String, String)>,
        names: &[String],
    ) -> Self {
        let mut known = Self::default();
        for (name, value) in variables {
            if names.contains(&name) || looks_secret(&name, &value) {
                known.add(&value);
            }
            if let Some(password) = password_of(&value) {
                known.add(password);
            }
        }
        known
    }

    /// Adds a value, unless it is too short to be told from other text.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.chars().count() < SHORTEST_SECRET {
            return;
        }
        self.values.insert(value.to_owned());
        if value.contains('\n') {
            let lines = value.lines().map(str::trim);
            let long =
                lines.filter(|l| l.chars().count() >= SHORTEST_LINE && !l.starts_with("-----"));
            self.values.extend(long.map(str::to_owned));
        }
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }
}

/// Whether a variable holds a secret.
fn looks_secret(name: &str, value: &str) -> bool {
    if HARMLESS_NAMES.contains(&name) {
        return false;
    }
    let name = name.to_ascii_uppercase().replace("AUTHORIZATION", "SECRET");
    let name = HARMLESS_WORDS.iter().fold(name, |name, harmless| name.replace(harmless, "_"));
    if is_amount(&name, value) {
        return false;
    }
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    has(SECRET_WORDS)
        || name.split('_').any(|segment| SECRET_SEGMENTS.contains(&segment))
        || (has(VAGUE_WORDS) && !is_setting(value))
}

/// Words or an address: what settings are made of, and secrets under vague names hardly ever.
fn is_setting(value: &str) -> bool {
    let is_word = value.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.'));
    let is_address = value.contains("://") && !value.contains(['@', '?', '#']);
    is_word || is_address
}

/// A number of tokens, such as a limit.
fn is_amount(name: &str, value: &str) -> bool {
    name.contains("TOKENS") && value.bytes().all(|b| b.is_ascii_digit())
}

/// The password of a URL that has one.
fn password_of(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (user, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(variables: &[(&str, &str)], names: &[&str]) -> Vec<String> {
        let pairs = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        KnownSecrets::of_variables(pairs, &names).values().map(str::to_owned).collect()
    }

    #[test]
    fn names_with_a_secret_word_are_secret() {
        for name in [
            "OPENAI_API_KEY",
            "apikey",
            "GITHUB_TOKEN",
            "Client_Secret",
            "DB_PASSWORD",
            "MYSQL_PASSWD",
            "GPG_PASSPHRASE",
            "AZURE_CREDENTIALS",
            "DB_PASS",
            "DB_PWD",
            "GITLAB_PAT",
            "SENTRY_DSN",
            "AUTHOR_TOKEN",
            "AUTHORIZATION",
            "RSA_KEY_2",
        ] {
            assert!(looks_secret(name, "a-word"), "{name}");
        }
        for name in ["BASIC_AUTH", "SESSION_COOKIE", "SSH_PRIVATE", "NEXTAUTH_URL", "KEYCLOAK_URL"]
        {
            for value in ["production", "http://localhost:8080/auth", "key-cloak.example"] {
                assert!(!looks_secret(name, value), "{name}={value}");
            }
            for value in ["hunter2-hunter2", "https://host/?sig=0a1b2c3d", "Correct Horse"] {
                assert!(looks_secret(name, value), "{name}={value}");
            }
        }
        for name in [
            "PATH",
            "HOME",
            "PWD",
            "OLDPWD",
            "GIT_AUTHOR_NAME",
            "XAUTHORITY",
            "TOKENIZERS_PARALLELISM",
            "KEYBOARD_LAYOUT",
            "GOPRIVATE",
            "COMPASS",
            "PATTERN",
            "MONKEYPATCH",
        ] {
            assert!(!looks_secret(name, "hunter2-hunter2"), "{name}");
        }
    }

    #[test]
    fn values_are_known_by_name_by_request_and_as_passwords_of_urls() {
        assert_eq!(
            values(&[("A_KEY", " eight888 "), ("B_KEY", "seven77"), ("OTHER", "whatever")], &[]),
            ["eight888"]
        );
        assert_eq!(values(&[("OTHER", "whatever")], &["OTHER"]), ["whatever"]);
        assert_eq!(
            values(&[("MAX_TOKENS", "1000000000"), ("MY_TOKENS", "abc-12345")], &[]),
            ["abc-12345"]
        );
        assert_eq!(values(&[("DB_URL", "postgres://u:p%40ssw0rd@host/x@y")], &[]), ["p%40ssw0rd"]);
        assert_eq!(
            values(&[("DB_URL", "postgres://user@host/x"), ("X", "a:b@c://")], &[]),
            Vec::<String>::new()
        );
        assert_eq!(
            values(&[("KEY_SHORT", "éééééééé")], &[]),
            ["éééééééé"],
            "characters count, not bytes"
        );
    }

    #[test]
    fn a_value_of_several_lines_is_known_line_by_line() {
        let pem = format!("-----BEGIN X-----\n{}\nshort=\n-----END X-----\n", "q".repeat(64));
        assert_eq!(values(&[("TLS_KEY", &pem)], &[]), [pem.trim().to_owned(), "q".repeat(64)]);
    }

    #[test]
    fn values_are_not_printed() {
        let mut known = KnownSecrets::default();
        known.add("hunter2-hunter2");
        assert_eq!(format!("{known:?}"), "KnownSecrets(1 values)");
    }

    #[test]
    fn an_environment_can_be_read() {
        let known = KnownSecrets::of_environment(&["CARGO_MANIFEST_DIR".to_owned()]);
        // The folder of this crate is a path that exists, so that asking for it does not help.
        assert!(known.values().all(|v| v != env!("CARGO_MANIFEST_DIR")));
    }
}
