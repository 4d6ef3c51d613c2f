//! All detectors over a text.
//!
//! The detectors run one after the other, each over what those before it have left: the parts between masks are texts of
//! their own, so that a mask hides nothing beside it and a second pass sees what the first saw. Since a mask can uncover
//! what its secret stood in the way of, passes are repeated until one finds nothing; a text without secrets is read once
//! and borrowed. Every detector is an automaton or a walk over the bytes, so that time is linear in the text.

use super::entropy::{self, HIGH_ENTROPY};
use super::patterns::{ANY, PATTERNS, Pattern};
use super::rules::LONGEST_CATEGORY;
use super::{Findings, KnownSecrets, PseudonymKey, RedactError, RedactionRules, forms};
use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

/// Category of values that are known.
pub(super) const KNOWN_SECRET: &str = "known-secret";
/// How every mask begins.
pub(super) const OPENING: &str = "[redacted:";
/// Passes after which a text is left as it is. Built-in detectors need two or three; a user's pattern that depends on what
/// comes after a match could need one for each match.
const MOST_PASSES: usize = 8;

static MASK: LazyLock<Regex> = LazyLock::new(|| {
    let mask = format!(r"\[redacted:[a-z0-9-]{{1,{LONGEST_CATEGORY}}}:[0-9a-f]{{8}}\]");
    Regex::new(&mask).expect("the pattern is fixed and tested")
});

/// Finds secrets and masks them.
#[derive(Debug)]
pub struct Redactor {
    key: PseudonymKey,
    known: Option<KnownForms>,
    rules: RedactionRules,
}

/// Every form of every known secret.
#[derive(Debug)]
struct KnownForms {
    automaton: AhoCorasick,
    /// The mask of each form: forms of one secret have the same.
    masks: Vec<String>,
}

/// What may be masked in a text besides known secrets.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// What rules and patterns find.
    pub(super) patterns: bool,
    /// What looks random.
    pub(super) random: bool,
    /// Texts whose parts do not count as random.
    pub(super) ids: &'a [&'a str],
}

impl Scope<'_> {
    /// Everything.
    pub(super) const ALL: Self = Self { patterns: true, random: true, ids: &[] };
    /// Only known secrets: for names and identifiers.
    pub(super) const NAMES: Self = Self { patterns: false, random: false, ids: &[] };
}

/// A secret in a text.
struct Found<'a> {
    range: Range<usize>,
    mask: Cow<'a, str>,
    category: &'a str,
}

impl Redactor {
    /// A redactor for known secrets, a user's rules, and everything that is built in.
    pub fn new(
        key: PseudonymKey,
        known: &KnownSecrets,
        rules: RedactionRules,
    ) -> Result<Self, RedactError> {
        let known = KnownForms::of(&key, known, &rules)?;
        Ok(Self { key, known, rules })
    }

    /// What a recorder masks with: the secrets of this process's environment, a user's rules, and everything that is built
    /// in. The key is that of the store ([`PseudonymKey::read_or_make`]).
    pub fn from_env(key: PseudonymKey, rules: Option<&Path>) -> Result<Self, RedactError> {
        let rules = rules.map(RedactionRules::load).transpose()?.unwrap_or_default();
        let known = KnownSecrets::of_environment(&rules.variables);
        Self::new(key, &known, rules)
    }

    /// The text with its secrets masked; borrowed when there are none.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.mask_in(text, Scope::ALL, &mut |_| {})
    }

    /// The same, counted under a column.
    pub(super) fn mask_counted<'t>(
        &self,
        text: &'t str,
        scope: Scope<'_>,
        column: &'static str,
        findings: &mut Findings,
    ) -> Cow<'t, str> {
        self.mask_in(text, scope, &mut |category| findings.add(column, category))
    }

    fn mask_in<'t>(
        &self,
        text: &'t str,
        scope: Scope<'_>,
        note: &mut dyn FnMut(&str),
    ) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for _ in 0..MOST_PASSES {
            match self.pass(&masked, scope, note) {
                Some(next) => masked = Cow::Owned(next),
                None => break,
            }
        }
        masked
    }

    /// The mask of a secret.
    pub(super) fn mask_of(&self, category: &str, secret: &str) -> String {
        mask_of(&self.key, category, secret)
    }

    /// Whether a known secret is in a text, in any of its forms.
    pub(super) fn has_known(&self, text: &str) -> bool {
        self.known.as_ref().is_some_and(|known| known.automaton.is_match(text))
    }

    /// A text with its known secrets replaced, each by what `written` makes of its mask.
    pub(super) fn without_known(&self, text: &str, written: impl Fn(&str) -> String) -> String {
        let found = self.known.iter().flat_map(|known| known.find(text));
        replaced(text, found.map(|f| (f.range, written(&f.mask))))
    }

    /// The text after every detector has run once; none when nothing was found.
    fn pass(&self, text: &str, scope: Scope<'_>, note: &mut dyn FnMut(&str)) -> Option<String> {
        let mut found: Vec<Found<'_>> = self.known.iter().flat_map(|k| k.find(text)).collect();
        if scope.patterns || scope.random {
            let mut open = open_parts(text, &found);
            if scope.patterns {
                self.apply_patterns(text, &mut open, &mut found);
            }
            if scope.random {
                let is_exempt = |run: &str| {
                    scope.ids.iter().any(|id| id.contains(run))
                        || self.rules.keep.iter().any(|keep| keep.is_match(run))
                };
                take(
                    text,
                    &mut open,
                    |part| entropy::find(part, &is_exempt),
                    |range| {
                        found.push(self.found(HIGH_ENTROPY, text, range));
                    },
                );
            }
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|f| f.range.start);
        for secret in &found {
            note(secret.category);
        }
        Some(replaced(text, found.into_iter().map(|f| (f.range, f.mask))))
    }

    /// A user's rules, then the built-in patterns.
    fn apply_patterns<'a>(
        &'a self,
        text: &str,
        open: &mut Vec<Range<usize>>,
        found: &mut Vec<Found<'a>>,
    ) {
        for rule in &self.rules.rules {
            take(
                text,
                open,
                |part| first_secret(&rule.regex, part, |_, _| true),
                |range| {
                    found.push(self.found(&rule.category, text, range));
                },
            );
        }
        if !ANY.is_match(text) {
            return;
        }
        for pattern in PATTERNS.iter() {
            let accepts = |secret: &str, after: &str| Pattern::accepts(pattern, secret, after);
            take(
                text,
                open,
                |part| first_secret(&pattern.regex, part, accepts),
                |range| {
                    found.push(self.found(pattern.category, text, range));
                },
            );
        }
    }

    fn found<'a>(&self, category: &'a str, text: &str, range: Range<usize>) -> Found<'a> {
        let secret = text.get(range.clone()).unwrap_or_default();
        Found { mask: Cow::Owned(self.mask_of(category, secret)), range, category }
    }
}

impl KnownForms {
    fn of(
        key: &PseudonymKey,
        known: &KnownSecrets,
        rules: &RedactionRules,
    ) -> Result<Option<Self>, RedactError> {
        let mut texts = Vec::new();
        let mut masks = Vec::new();
        for secret in known.values().filter(|secret| !is_part_of_masks(secret, rules)) {
            let mask = mask_of(key, KNOWN_SECRET, secret);
            for form in forms(secret) {
                texts.push(form.text);
                masks.push(mask.clone());
            }
        }
        if texts.is_empty() {
            return Ok(None);
        }
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts);
        match built {
            Ok(automaton) => Ok(Some(Self { automaton, masks })),
            Err(e) => Err(RedactError::TooManySecrets { problem: e.to_string() }),
        }
    }

    fn find<'a>(&'a self, text: &str) -> impl Iterator<Item = Found<'a>> {
        let matches: Vec<_> = self.automaton.find_iter(text).collect();
        matches.into_iter().filter_map(|found| {
            let mask = self.masks.get(found.pattern().as_usize())?;
            Some(Found { range: found.range(), mask: Cow::Borrowed(mask), category: KNOWN_SECRET })
        })
    }
}

/// A value such as `redacted` could not be masked by a text that has it.
fn is_part_of_masks(secret: &str, rules: &RedactionRules) -> bool {
    let built_in = PATTERNS.iter().map(|p| p.category).chain([KNOWN_SECRET, HIGH_ENTROPY]);
    let own = rules.rules.iter().map(|r| r.category.as_str());
    built_in.chain(own).any(|category| format!("{OPENING}{category}:").contains(secret))
}

fn mask_of(key: &PseudonymKey, category: &str, secret: &str) -> String {
    format!("{OPENING}{category}:{}]", key.pseudonym(secret))
}

/// The parts of a text outside of what was found and of earlier masks.
fn open_parts(text: &str, found: &[Found<'_>]) -> Vec<Range<usize>> {
    let mut open = Vec::new();
    let mut from = 0;
    for secret in found {
        open.push(from..secret.range.start);
        from = secret.range.end;
    }
    open.push(from..text.len());
    if text.contains(OPENING) {
        take(text, &mut open, |part| MASK.find(part).map(|m| m.range()), |_| {});
    }
    open.retain(|part| !part.is_empty());
    open
}

/// Takes what `find` finds first, again and again, out of the parts that are still open.
fn take(
    text: &str,
    open: &mut Vec<Range<usize>>,
    find: impl Fn(&str) -> Option<Range<usize>>,
    mut taken: impl FnMut(Range<usize>),
) {
    let mut left = Vec::with_capacity(open.len());
    for part in open.drain(..) {
        let mut from = part.start;
        while let Some(found) = text.get(from..part.end).and_then(&find) {
            if found.start > 0 {
                left.push(from..from + found.start);
            }
            taken(from + found.start..from + found.end);
            from += found.end;
        }
        if from < part.end {
            left.push(from..part.end);
        }
    }
    *open = left;
}

/// The first match that is accepted, with what comes after it: its group `secret`, or all of it.
fn first_secret(
    regex: &Regex,
    text: &str,
    accepts: impl Fn(&str, &str) -> bool,
) -> Option<Range<usize>> {
    let mut from = 0;
    while from <= text.len() {
        let captures = regex.captures_at(text, from)?;
        let whole = captures.get(0)?;
        let secret = captures.name("secret").unwrap_or(whole);
        if !secret.is_empty() && accepts(secret.as_str(), text.get(secret.end()..)?) {
            return Some(secret.range());
        }
        // A match of nothing is passed over with the character after it.
        from = if whole.end() > from { whole.end() } else { text.ceil_char_boundary(from + 1) };
        if from >= text.len() {
            break;
        }
    }
    None
}

/// A text with ranges replaced, which are in order and apart.
fn replaced<S: AsRef<str>>(text: &str, ranges: impl Iterator<Item = (Range<usize>, S)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, new) in ranges {
        out.push_str(text.get(from..range.start).unwrap_or_default());
        out.push_str(new.as_ref());
        from = range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
