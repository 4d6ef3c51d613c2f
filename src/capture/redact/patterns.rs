//! What the keys of providers and forges look like, after their public documentation.
//!
//! Each pattern is a fixed beginning and a run of characters of one class, so that a search decides at the end of the run
//! whatever began in it, and no text takes more than linear time. Nothing is asked of what follows a key. What may come
//! before one is a short list, where the beginning alone is not telling: an escape such as `\n` ends in a letter and is no
//! part of a word. Values after the name of a secret are masked without the name.

use super::shape::{changes, has_digits_and_letters, is_placeholder};
use regex::Regex;
use std::sync::LazyLock;

/// One kind of key.
pub(super) struct Pattern {
    /// Category of its masks.
    pub(super) category: &'static str,
    /// What it looks like; the group `secret`, if there is one, is masked alone.
    pub(super) regex: Regex,
    /// What a match must have besides.
    check: Check,
}

/// What a match must have besides.
#[derive(Clone, Copy)]
enum Check {
    /// Nothing: its beginning says enough.
    Sure,
    /// Digits and letters that take turns: no words.
    Mixed,
    /// No placeholder such as `$TOKEN` or `<password>`.
    Filled,
    /// Neither a placeholder nor a word, nor the name of a function that is called.
    FilledAndMixed,
}

impl Pattern {
    /// Whether what matched is taken for a secret, by itself and by what comes after it.
    pub(super) fn accepts(&self, secret: &str, after: &str) -> bool {
        let mixed = || has_digits_and_letters(secret) && changes(secret) >= LEAST_CHANGES;
        match self.check {
            Check::Sure => true,
            Check::Mixed => mixed(),
            Check::Filled => !is_placeholder(secret),
            Check::FilledAndMixed => {
                let is_call = after.starts_with('(');
                !is_call && !is_placeholder(secret) && has_digits_and_letters(secret)
            }
        }
    }
}

/// Changes between letters and digits per character below which a value is made of words.
pub(super) const LEAST_CHANGES: f64 = 0.1;

/// What may stand before a key with a short beginning: anything but a letter or a digit, unless that is the end of an
/// escape or of a terminal's colour code.
const LEFT: &str = r"(?:^|[^0-9A-Za-z]|\\[abfnrtv]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\[[0-9;]{0,12}m)";

/// Characters of a value: printable ASCII but for quotes, the backslash, the comma, the semicolon and brackets.
const VALUE: &str = r"[!#-&*+\-./0-:=?@A-Z^_a-z|~]";

/// Category, regular expression, check. `LEFT` and `VALUE` stand for the texts above. The first match wins, so that
/// narrower patterns come first.
#[rustfmt::skip]
const TABLE: &[(&str, &str, Check)] = &[
    // RFC 7468 and its forerunners: a header, lines, perhaps cut off. Lines may be quoted, numbered or escaped.
    ("private-key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:[ \t\r\n>|:,+\x22'`]|\\[nrt]|[0-9]{1,6}[\t|:])+(?:Proc-Type: |DEK-Info: |Version: |Comment: )[ -~]{1,100})*(?:(?:[ \t\r\n>|:,+\x22'`]|\\[nrt]|[0-9]{1,6}[\t|:])+[A-Za-z0-9+/=]{30,})*(?:(?:(?:[ \t\r\n>|:,+\x22'`]|\\[nrt]|[0-9]{1,6}[\t|:])+[A-Za-z0-9+/=]{1,76})?(?:[ \t\r\n>|:,+\x22'`]|\\[nrt]|[0-9]{1,6}[\t|:])+-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?", Check::Sure),
    ("jwt", r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}", Check::Sure),
    ("anthropic-key", r"sk-ant-[A-Za-z0-9_-]{16,}", Check::Sure),
    ("openai-key", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{16,}", Check::Sure),
    ("openrouter-key", r"sk-or-[A-Za-z0-9_-]{16,}", Check::Sure),
    // The style of OpenAI's first keys, which many providers took over.
    ("sk-key", r"LEFT(?<secret>sk-[A-Za-z0-9_-]{20,})", Check::Mixed),
    ("google-key", r"AIza[A-Za-z0-9_-]{30,}", Check::Sure),
    ("google-oauth", r"LEFT(?<secret>ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|1//0[A-Za-z0-9_-]{30,})", Check::Sure),
    ("aws-key", r"(?:AKIA|ASIA)[A-Z0-9]{16,}|ABSK[A-Za-z0-9+/]{100,}={0,2}", Check::Sure),
    ("azure-key", r"(?:AccountKey|SharedAccessKey)=(?<secret>[A-Za-z0-9+/]{40,}={0,2})", Check::Sure),
    ("github-token", r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}", Check::Sure),
    ("gitlab-token", r"gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{20,}", Check::Sure),
    ("slack-token", r"xox[abcdeoprs]-[A-Za-z0-9%-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}", Check::Sure),
    ("huggingface-token", r"LEFT(?<secret>hf_[A-Za-z0-9]{30,}|api_org_[A-Za-z0-9]{30,})", Check::Sure),
    ("groq-key", r"LEFT(?<secret>gsk_[A-Za-z0-9]{40,})", Check::Sure),
    ("xai-key", r"LEFT(?<secret>xai-[A-Za-z0-9]{40,})", Check::Sure),
    ("perplexity-key", r"LEFT(?<secret>pplx-[A-Za-z0-9]{32,})", Check::Sure),
    ("replicate-token", r"LEFT(?<secret>r8_[A-Za-z0-9]{32,})", Check::Sure),
    ("stripe-key", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}", Check::Sure),
    ("npm-token", r"npm_[A-Za-z0-9]{36,}", Check::Sure),
    ("pypi-token", r"pypi-[A-Za-z0-9_-]{50,}", Check::Sure),
    ("cratesio-token", r"LEFT(?<secret>cio[A-Za-z0-9]{32,})", Check::Mixed),
    ("docker-token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}", Check::Sure),
    ("sendgrid-key", r"LEFT(?<secret>SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})", Check::Sure),
    ("digitalocean-token", r"do[opr]_v1_[0-9a-f]{32,}", Check::Sure),
    ("databricks-token", r"LEFT(?<secret>dapi[0-9a-f]{32,}(?:-[0-9])?)", Check::Sure),
    ("vault-token", r"hv[sbr]\.[A-Za-z0-9_-]{24,}", Check::Sure),
    ("telegram-token", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}", Check::Sure),
    ("age-key", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}", Check::Sure),
    // RFC 3986: the password of a URL.
    ("url-password", r"://[A-Za-z0-9._~!$&()*+,;=%-]{0,64}:(?<secret>[A-Za-z0-9._~!$&()*+,;=%:^#?-]{3,128})@", Check::Filled),
    // RFC 9110: credentials in a header field, as HTTP, curl, JSON and code write it.
    ("authorization", r#"(?i-u:authorization)\\?["']?[ \t]{0,4}(?:[:=,]|=>)[ \t]{0,4}\\?["']?(?i-u:bearer|basic|token|digest|negotiate|apikey|key)[ \t]{1,4}(?<secret>VALUE{8,})"#, Check::Filled),
    ("authorization", r#"(?i-u:authorization)\\?["']?[ \t]{0,4}(?:[:=,]|=>)[ \t]{0,4}\\?["']?(?<secret>VALUE{8,})"#, Check::FilledAndMixed),
    ("api-key-header", r#"(?i-u:x-api-key|api-key|x-goog-api-key|x-auth-token|x-access-token|private-token|job-token|x-gitlab-token|x-amz-security-token|x-vault-token)\\?["']?[ \t]{0,4}(?:[:=,]|=>)[ \t]{0,4}\\?["']?(?<secret>VALUE{8,})"#, Check::FilledAndMixed),
    // RFC 6265.
    ("cookie", r"(?i-u:cookie):[ \t]{0,4}(?<secret>[!#$%&*+.^_`|~0-9A-Za-z-]{1,100}=[!#-+\--:<-\[\]-~]{4,}(?:;[ \t]{0,2}[!#$%&*+.^_`|~0-9A-Za-z-]{1,100}(?:=[!#-+\--:<-\[\]-~]*)?)*)", Check::Filled),
    ("bearer", r"(?i-u:bearer)[ \t]{1,4}(?<secret>[A-Za-z0-9._~+/=-]{16,})", Check::Mixed),
    // A name that says it, an assignment, and a value that is neither a word nor a call.
    ("assigned", r#"(?:(?i-u:(?:api|access|auth|secret|private|encryption|signing|client|session|refresh|account|subscription|master|webhook)[_-]?(?:key|token|secret|password)|secret[_-]?access[_-]?key|passw(?:or)?d|passphrase|credentials?)|(?:^|[^0-9A-Za-z])(?i-u:secret))(?:[_-]?[0-9]{1,3})?\\?["']?[ \t\r\n]{0,4}(?::=|=>|==?|:)[ \t\r\n]{0,4}\\?["']?(?<secret>VALUE{8,})"#, Check::FilledAndMixed),
];

/// Every pattern, compiled.
pub(super) static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let compiled = |(category, regex, check): &(&'static str, &str, Check)| Pattern {
        category,
        regex: Regex::new(&whole(regex)).expect("the patterns are fixed and tested"),
        check: *check,
    };
    TABLE.iter().map(compiled).collect()
});

/// Any of them.
pub(super) static ANY: LazyLock<Regex> = LazyLock::new(|| {
    let all: Vec<String> =
        TABLE.iter().map(|(_, regex, _)| whole(&regex.replace("?<secret>", "?:"))).collect();
    Regex::new(&all.join("|")).expect("the patterns are fixed and tested")
});

fn whole(regex: &str) -> String {
    regex.replace("LEFT", LEFT).replace("VALUE", VALUE)
}
