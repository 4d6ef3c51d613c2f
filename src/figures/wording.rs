//! Text made safe and made to fit.

use super::font::Fonts;

const REPLACEMENT: char = '\u{FFFD}';
const ELLIPSIS: char = '…';
/// Characters of a name in a tooltip.
const LONGEST_NAME: usize = 120;

/// One printable line: white space becomes single blanks, and characters that XML forbids, that
/// are invisible or that reorder the text around them become U+FFFD, so that they are seen.
pub(super) fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| if is_unsafe(c) { REPLACEMENT } else { c }));
    }
    line
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFF}'
            | '\u{E0000}'..='\u{E0FFF}')
        || is_right_to_left(character)
        || is_stacking(character)
}

/// Letters of right-to-left scripts turn around the digits next to them, which would misprint
/// version numbers.
fn is_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// Combining marks can be stacked until they cover neighbouring text.
fn is_stacking(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// A name in a tooltip: printable, and of bounded length.
pub(super) fn named(text: &str) -> String {
    let text = printable(text);
    if text.is_empty() {
        return "(no name)".to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= LONGEST_NAME {
        return text;
    }
    let (front, back) = (LONGEST_NAME / 2, characters.len() - LONGEST_NAME / 2);
    characters[..front].iter().chain(&[ELLIPSIS]).chain(&characters[back..]).collect()
}

/// `text`, made printable, with its middle replaced by an ellipsis when it is wider than `limit`:
/// model names differ at both ends (vendor, version).
pub(super) fn fit(fonts: &Fonts, text: &str, size: f64, bold: bool, limit: f64) -> String {
    let text = printable(text);
    if text.is_empty() {
        return "(no name)".to_owned();
    }
    if fonts.width(&text, size, bold) <= limit {
        return text;
    }
    let characters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| -> String {
        let front = kept.div_ceil(2);
        let back = characters.len() - (kept - front);
        characters[..front].iter().chain([ELLIPSIS].iter()).chain(&characters[back..]).collect()
    };
    // Fewer characters are never wider, so that halving finds the most that fit.
    let (mut fits, mut wide) = (0, characters.len());
    while wide - fits > 1 {
        let kept = usize::midpoint(fits, wide);
        if fonts.width(&shortened(kept), size, bold) <= limit {
            fits = kept;
        } else {
            wide = kept;
        }
    }
    shortened(fits)
}

/// A name in one line, or in two of which only the second is shortened; it breaks behind a sign where there is one.
pub(super) fn fit_in_two(
    fonts: &Fonts,
    text: &str,
    size: f64,
    bold: bool,
    limit: f64,
) -> (String, Option<String>) {
    let text = printable(text);
    if fonts.width(&text, size, bold) <= limit {
        return (fit(fonts, &text, size, bold, limit), None);
    }
    let mut width = 0.0;
    let (mut end, mut behind_sign) = (0, None);
    for (place, character) in text.char_indices() {
        width += fonts.width(character.encode_utf8(&mut [0; 4]), size, bold);
        if width > limit {
            break;
        }
        end = place + character.len_utf8();
        if matches!(character, '-' | '/' | ' ' | '_' | ':' | '.') && end > text.len() / 4 {
            behind_sign = Some(end);
        }
    }
    let (first, second) = text.split_at(behind_sign.unwrap_or(end));
    (first.trim_end().to_owned(), Some(fit(fonts, second, size, bold, limit)))
}

/// `text` in lines of at most `limit`, broken at blanks; no-break blanks hold. A single word wider than that is
/// shortened in its middle.
pub(super) fn wrap(fonts: &Fonts, text: &str, size: f64, bold: bool, limit: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        // Turns the no-break blanks that hold a number and its unit together into plain ones.
        let word = fit(fonts, word, size, bold, limit);
        let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
        if fonts.width(&longer, size, bold) <= limit {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, word));
        }
        // A separator has nothing to separate at the end of a line.
        if let Some(before) = lines.last_mut()
            && let Some(trimmed) = before.strip_suffix(" ·")
        {
            *before = trimmed.to_owned();
        }
    }
    lines.push(line);
    lines
}

/// `1 run`, `2 runs`, `0 runs`, held together by a no-break blank.
pub(super) fn count(n: u64, one: &str, many: &str) -> String {
    let noun = if n == 1 { one } else { many };
    format!("{n}\u{A0}{noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_their_middle() {
        let fonts = Fonts::load().unwrap();
        let name = "vendor/a-model-with-a-really-long-name-2026-01";
        let short = fit(&fonts, name, 7.0, false, 80.0);
        assert!(short.starts_with("vendor/") && short.ends_with("2026-01"));
        assert!(short.contains(ELLIPSIS) && fonts.width(&short, 7.0, false) <= 80.0);
        let least = fit(&fonts, name, 7.0, false, fonts.width(&short, 7.0, false) - 0.01);
        assert_eq!(least.chars().count() + 1, short.chars().count());
        assert_eq!(fit(&fonts, name, 7.0, false, 0.0), "…");
        assert_eq!(fit(&fonts, "short", 7.0, false, 80.0), "short");
        assert_eq!(fit(&fonts, " \u{85}\n", 7.0, false, 80.0), "(no name)");
    }

    #[test]
    fn names_in_tooltips_are_short() {
        assert_eq!(named("a\nb"), "a b");
        assert_eq!(named(" "), "(no name)");
        assert_eq!(named(&"é".repeat(9000)).chars().count(), LONGEST_NAME + 1);
    }

    #[test]
    fn names_in_two_lines_break_behind_signs() {
        let fonts = Fonts::load().unwrap();
        let two = |text: &str| fit_in_two(&fonts, text, 6.5, false, 50.0);
        assert_eq!(two("GLM-4.6"), ("GLM-4.6".to_owned(), None));
        assert_eq!(
            two("Qwen3.6-Max-Preview"),
            ("Qwen3.6-Max-".to_owned(), Some("Preview".to_owned()))
        );
        let (first, second) = two(&"x".repeat(5000));
        assert!(fonts.width(&first, 6.5, false) <= 50.0);
        assert!(second.is_some_and(|line| fonts.width(&line, 6.5, false) <= 50.0));
        assert_eq!(two(""), ("(no name)".to_owned(), None));
    }

    #[test]
    fn unsafe_characters_become_visible() {
        assert_eq!(printable("a\u{0}b\u{202E}c\t \nd"), "a\u{FFFD}b\u{FFFD}c d");
    }

    #[test]
    fn wrapped_lines_hold_every_word() {
        let fonts = Fonts::load().unwrap();
        let text = "n = 15 runs, pass is a score of at least 60, 95\u{A0}% intervals";
        let lines = wrap(&fonts, text, 7.0, false, 70.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|l| fonts.width(l, 7.0, false) <= 70.0));
        assert_eq!(lines.join(" "), text.replace('\u{A0}', " "));
    }
}
