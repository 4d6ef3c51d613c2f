//! Names of places in the page, made of whatever the things are called, each name once.

use std::collections::HashSet;

/// Characters of a name at most, a number behind it aside.
const LONGEST: usize = 80;

/// The names that are taken.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    taken: HashSet<String>,
}

impl Anchors {
    /// A name of ASCII letters, digits, `.`, `_` and `-`, that nothing else in the page has.
    pub(super) fn name(&mut self, prefix: &'static str, parts: &[&str]) -> String {
        let mut name = prefix.to_owned();
        for part in parts.iter().filter(|p| !p.is_empty()) {
            name.push('-');
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            name.extend(part.chars().take(LONGEST).map(|c| if plain(c) { c } else { '-' }));
        }
        let numbered = (2..).map(|n: u64| format!("{name}-{n}"));
        let mut free = std::iter::once(name.clone()).chain(numbered);
        let free = free.find(|n| !self.taken.contains(n)).unwrap_or(name);
        self.taken.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.name("run", &["kimi-k2.5"]), "run-kimi-k2.5");
        assert_eq!(anchors.name("run", &["kimi-k2.5"]), "run-kimi-k2.5-2");
        assert_eq!(anchors.name("run", &["a/b\"><c"]), "run-a-b---c");
        assert_eq!(anchors.name("figure", &["w", ""]), "figure-w");
        assert!(anchors.name("run", &[&"x".repeat(1000)]).len() < 100);
    }
}
