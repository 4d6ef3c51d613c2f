//! How the colours of drawings change from paper to a dark screen.
//!
//! A figure comes as two drawings that should differ in colours only. Where they do, and where every colour of a kind of
//! mark always becomes the same one, a few rules of the style sheet say it all, and the page needs one drawing instead of
//! two. Nothing is assumed: the rules are read off the drawings, and a figure that breaks them stands in the page twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Kind of mark, attribute and colour on paper.
type Ink = (String, &'static str, String);

/// Colours on a dark screen, by what they are on paper.
#[derive(Debug, Default)]
pub(super) struct Inks {
    rules: BTreeMap<Ink, String>,
}

impl Inks {
    /// Reads the rules off a pair of drawings; `false`, and nothing is learnt, when they differ in more than colours or
    /// contradict what other drawings said.
    pub(super) fn learn(&mut self, paper: &str, screen: &str) -> bool {
        let Some(found) = differences(paper, screen) else { return false };
        let mut rules = self.rules.clone();
        for (ink, dark) in found {
            if *rules.entry(ink).or_insert_with(|| dark.clone()) != dark {
                return false;
            }
        }
        self.rules = rules;
        true
    }

    /// The rules for drawings inside elements of a class, one a line. They hold nothing that HTML would escape.
    pub(super) fn css(&self, class: &str) -> String {
        let mut css = String::new();
        for ((mark, attribute, paper), screen) in &self.rules {
            if paper != screen {
                let hash = paper.trim_start_matches('#');
                // Writing to a string cannot fail.
                let _ = writeln!(
                    css,
                    ".{class} {mark}[{attribute}=\\#{hash}] {{ {attribute}: light-dark({paper}, {screen}); }}"
                );
            }
        }
        css
    }
}

/// Every colour of one drawing with that of the other; `None` when anything else differs.
fn differences(paper: &str, screen: &str) -> Option<Vec<(Ink, String)>> {
    let (tags, others): (Vec<&str>, Vec<&str>) =
        (paper.split('<').collect(), screen.split('<').collect());
    if tags.len() != others.len() {
        return None;
    }
    let mut found = Vec::new();
    for (tag, other) in tags.into_iter().zip(others) {
        // Names and values take turns; what follows the last quote is the end of the tag and its text.
        let (parts, others): (Vec<&str>, Vec<&str>) =
            (tag.split('"').collect(), other.split('"').collect());
        if parts.len() != others.len() {
            return None;
        }
        let mark = tag.split([' ', '>', '/']).next().unwrap_or_default();
        for (place, (part, other)) in parts.iter().zip(&others).enumerate() {
            let name = place.checked_sub(1).and_then(|before| parts.get(before));
            let attribute = ["fill", "stroke"].into_iter().find(|attribute| {
                name.is_some_and(|n| {
                    n.strip_suffix('=').is_some_and(|n| n.ends_with(&format!(" {attribute}")))
                })
            });
            match attribute {
                Some(attribute) if is_color(part) && is_color(other) => {
                    let ink = (mark.to_owned(), attribute, (*part).to_owned());
                    found.push((ink, (*other).to_owned()));
                }
                _ if part == other => {}
                _ => return None,
            }
        }
    }
    Some(found)
}

fn is_color(value: &str) -> bool {
    value
        .strip_prefix('#')
        .is_some_and(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAPER: &str = "<svg role=\"img\" aria-label=\"fill\"><rect x=\"1\" fill=\"#FFFFFF\" stroke=\"none\"/>\
        <text fill=\"#000000\">say &quot;x&quot;</text><rect fill=\"#0072B2\"/></svg>";

    fn screen() -> String {
        PAPER.replace("#FFFFFF", "#16191D").replace("#000000", "#ECEEF0")
    }

    #[test]
    fn colours_that_change_become_rules() {
        let mut inks = Inks::default();
        assert!(inks.learn(PAPER, &screen()));
        assert_eq!(
            inks.css("plate"),
            ".plate rect[fill=\\#FFFFFF] { fill: light-dark(#FFFFFF, #16191D); }\n\
             .plate text[fill=\\#000000] { fill: light-dark(#000000, #ECEEF0); }\n"
        );
    }

    #[test]
    fn drawings_that_differ_otherwise_teach_nothing() {
        for other in [
            screen().replace("x=\"1\"", "x=\"2\""),
            screen().replace("say", "tell"),
            screen().replace("<rect fill", "<circle fill"),
            screen().replace("</svg>", "<g/></svg>"),
            screen().replace("stroke=\"none\"", "stroke=\"#123456\""),
            String::new(),
        ] {
            let mut inks = Inks::default();
            assert!(!inks.learn(PAPER, &other), "{other}");
            assert_eq!(inks.css("plate"), "");
        }
    }

    #[test]
    fn a_colour_becomes_one_colour_only() {
        let mut inks = Inks::default();
        assert!(inks.learn(PAPER, &screen()));
        let before = inks.css("plate");
        // White stays white here, and became dark there.
        assert!(!inks.learn(PAPER, &PAPER.replace("#000000", "#ECEEF0")));
        assert!(!inks.learn(PAPER, &screen().replace("#0072B2", "#123456")));
        assert_eq!(inks.css("plate"), before);
        assert!(inks.learn(PAPER, &screen()));
    }
}
