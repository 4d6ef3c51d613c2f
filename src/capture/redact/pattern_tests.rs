//! Every pattern with what it must find and what it must leave. Keys are put together here from made-up digits, so that
//! nothing in this file looks like one.

use super::patterns::PATTERNS;
use super::{KnownSecrets, PseudonymKey, RedactionRules, Redactor};
use std::collections::BTreeSet;

fn redactor() -> Redactor {
    let key = PseudonymKey::from_bytes([7; 32]);
    Redactor::new(key, &KnownSecrets::default(), RedactionRules::default()).unwrap()
}

/// Letters and digits without words, the same each time.
fn digits(count: usize) -> String {
    "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC".chars().cycle().take(count).collect()
}

fn capitals(count: usize) -> String {
    digits(count).to_ascii_uppercase()
}

fn hexadecimal(count: usize) -> String {
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0".chars().cycle().take(count).collect()
}

/// A category, and a secret of it.
fn secrets() -> Vec<(&'static str, String)> {
    let jwt = ["eyJ", &digits(20), ".", &digits(30), ".", &digits(40)].concat();
    vec![
        ("jwt", jwt),
        ("anthropic-key", format!("sk-ant-api03-{}AA", digits(93))),
        ("openai-key", format!("sk-proj-{}_{}", digits(70), digits(80))),
        ("openrouter-key", format!("sk-or-v1-{}", hexadecimal(64))),
        ("sk-key", format!("sk-{}", digits(48))),
        ("sk-key", format!("sk-{}", hexadecimal(32))),
        ("google-key", format!("AIza{}", digits(35))),
        ("google-oauth", format!("ya29.{}", digits(60))),
        ("google-oauth", format!("GOCSPX-{}", digits(28))),
        ("aws-key", format!("AKIA{}", capitals(16))),
        ("aws-key", format!("ABSK{}==", digits(120))),
        ("github-token", format!("ghp_{}", digits(36))),
        ("github-token", format!("github_pat_{}_{}", digits(22), digits(59))),
        ("gitlab-token", format!("glpat-{}", digits(20))),
        ("gitlab-token", format!("glrt-{}.01.{}", digits(27), digits(9))),
        ("slack-token", format!("xoxb-123456789012-{}", digits(24))),
        (
            "slack-token",
            format!("hooks.slack.com/services/T{}/B{}/{}", capitals(8), capitals(8), digits(24)),
        ),
        ("huggingface-token", format!("hf_{}", digits(34))),
        ("groq-key", format!("gsk_{}", digits(52))),
        ("xai-key", format!("xai-{}", digits(80))),
        ("perplexity-key", format!("pplx-{}", digits(48))),
        ("replicate-token", format!("r8_{}", digits(37))),
        ("stripe-key", format!("sk_live_{}", digits(24))),
        ("stripe-key", format!("whsec_{}", digits(32))),
        ("npm-token", format!("npm_{}", digits(36))),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{}", digits(80))),
        ("cratesio-token", format!("cio{}", digits(32))),
        ("docker-token", format!("dckr_pat_{}", digits(27))),
        ("sendgrid-key", format!("SG.{}.{}", digits(22), digits(43))),
        ("digitalocean-token", format!("dop_v1_{}", hexadecimal(64))),
        ("databricks-token", format!("dapi{}", hexadecimal(32))),
        ("vault-token", format!("hvs.{}", digits(90))),
        ("telegram-token", format!("1234567890:AA{}", digits(33))),
        ("age-key", format!("AGE-SECRET-KEY-1{}", capitals(58))),
    ]
}

/// A category, what stands before its secret, the secret, what stands after it.
fn in_context() -> Vec<(&'static str, &'static str, String, &'static str)> {
    vec![
        (
            "azure-key",
            "DefaultEndpointsProtocol=https;AccountKey=",
            format!("{}==", digits(86)),
            ";x",
        ),
        ("url-password", "postgres://user:", "hunter-2%40!".to_owned(), "@db.example.org/x"),
        ("url-password", "https://oauth2:", "pass".to_owned(), "@host/x.git"),
        ("authorization", "Authorization: Bearer ", "abc.def-ghi".to_owned(), "\r\n"),
        ("authorization", "curl -H 'authorization: Basic ", "dXNlcjpwYXNz".to_owned(), "' x"),
        ("authorization", "{\\\"Authorization\\\": \\\"Bearer ", "abcdefgh".to_owned(), "\\\"}"),
        ("authorization", "\"Authorization\", \"", "abcdefg1".to_owned(), "\""),
        ("api-key-header", "-H 'x-api-key: ", "abcdefg1".to_owned(), "'"),
        ("api-key-header", "PRIVATE-TOKEN: ", "abcdefg1".to_owned(), "\n"),
        ("cookie", "Set-Cookie: ", "session=0f1e2d3c; Path=/; HttpOnly".to_owned(), "\r\n"),
        ("bearer", "the header is bearer ", digits(20), ""),
        ("assigned", "export MY_API_KEY=", "abcdefg1".to_owned(), "\n"),
        ("assigned", "client_secret: \"", "abcdefg1".to_owned(), "\""),
        ("assigned", "password = '", "hunter2hunter2".to_owned(), "'"),
        ("assigned", "AWS_SECRET_ACCESS_KEY := ", format!("{}/+", digits(38)), ""),
        ("assigned", "{\"db_password2\":\"", "hunter2hunter2".to_owned(), "\"}"),
    ]
}

#[test]
fn every_category_has_an_example() {
    let mut tested: BTreeSet<&str> = secrets().into_iter().map(|s| s.0).collect();
    tested.extend(in_context().into_iter().map(|s| s.0));
    tested.insert("private-key");
    let there: BTreeSet<&str> = PATTERNS.iter().map(|p| p.category).collect();
    assert_eq!(tested, there);
}

#[test]
fn keys_are_found_wherever_they_stand() {
    let redactor = redactor();
    for (category, secret) in secrets() {
        let mask = redactor.mask(&secret).into_owned();
        assert!(
            mask.starts_with(&format!("[redacted:{category}:")) && mask.len() < 60,
            "{secret}: {mask}"
        );
        for (before, after) in [
            ("", ""),
            ("key ", " and more"),
            ("KEY=", "\n"),
            ("\"", "\","),
            ("line\\n", "\\nline"),
            ("\\u001b[31m", "\\u001b[0m"),
            ("\u{1b}[1;32m", "\u{1b}[0m"),
            ("%3D", "&x=y"),
            ("é", "é"),
            ("[redacted:jwt:00000000]", "[redacted:jwt:00000000]"),
        ] {
            let found = redactor.mask(&format!("{before}{secret}{after}")).into_owned();
            assert_eq!(found, format!("{before}{mask}{after}"), "{category}");
        }
    }
}

#[test]
fn values_are_masked_without_their_names() {
    let redactor = redactor();
    for (category, before, secret, after) in in_context() {
        let mask = redactor.mask_of(category, &secret);
        let found = redactor.mask(&format!("{before}{secret}{after}")).into_owned();
        assert_eq!(found, format!("{before}{mask}{after}"));
    }
}

#[test]
fn private_keys_are_found_whole_numbered_escaped_and_cut_off() {
    let redactor = redactor();
    let line = digits(64);
    let begin = ["-----BEGIN RSA PRIVATE", " KEY-----"].concat();
    let end = ["-----END RSA PRIVATE", " KEY-----"].concat();
    let body = format!("{line}\n{line}\n{}==", digits(20));
    let numbered = format!("    1\t{begin}\n    2\t{line}\n    3\t{line}\n    4\t{end}\n");
    for text in [
        format!("{begin}\n{body}\n{end}"),
        format!("{begin}\r\n{}\r\n{end}", body.replace('\n', "\r\n")),
        format!("{begin}\\n{}\\n{end}", body.replace('\n', "\\n")),
        format!("{begin}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{body}\n{end}"),
        format!("{begin}\n{line}\n{line}"),
        begin.replace("RSA", "OPENSSH"),
        begin.replace("KEY", "KEY BLOCK").replace("RSA", "PGP"),
    ] {
        let found = redactor.mask(&text).into_owned();
        assert!(
            found.starts_with("[redacted:private-key:") && found.len() == 31,
            "{text}: {found}"
        );
    }
    let found = redactor.mask(&numbered).into_owned();
    assert!(
        found.starts_with("    1\t[redacted:private-key:") && found.ends_with("]\n"),
        "{found}"
    );
    // What comes after a key that is cut off stays.
    let cut = redactor
        .mask(&format!("{begin}\n{line}\nand then I went on with the next file"))
        .into_owned();
    assert!(cut.ends_with("]\nand then I went on with the next file"), "{cut}");
    for text in ["-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\nMIIB", "PRIVATE KEY"] {
        assert_eq!(redactor.mask(text), text);
    }
}

#[test]
fn what_only_resembles_a_key_stays() {
    let redactor = redactor();
    for text in [
        "",
        "task-completion-of-the-parser-and-2-more-stages",
        "sk-learn and sk-image, sk-estimators-and-transformers-for-all",
        "risk-assessment-2024-of-the-whole-compiler",
        "hf_hub_download, ghp_short, npm_config_registry, glpat-",
        "AKIA and AIza are prefixes; eyJ begins a token; eyJhbGciOi without dots",
        "the bearer of this letter; Bearer authentication-scheme-of-the-server",
        "Authorization: required; Authorization header; authorization: ${TOKEN}",
        "Authorization: Bearer $OPENAI_API_KEY",
        "Authorization: Bearer <your-token-here>",
        "-H \"x-api-key: $KEY\"",
        "https://user@example.org/path:8080 and http://localhost:4000/v1@latest",
        "https://oauth2:${GITHUB_TOKEN}@github.com/x/y.git",
        "cookie: chocolate, and Cookie: none",
        "password: String, let secret = compute(); api_key = None",
        "password=get_secret_v2(name)",
        "token = tokens[pos2]; auth_token: &str",
        "api_key='xxxxxxxxxxxxxxxx'",
        "client_secret=YOUR_CLIENT_SECRET_1",
        "let token: Token = lexer.next_token(); token_kind == TokenKind::Identifier2",
        "SG.Message.Format and r8_ and xai-lang",
        "12:34:56 1234567890: error",
    ] {
        assert_eq!(redactor.mask(text), text);
    }
}
