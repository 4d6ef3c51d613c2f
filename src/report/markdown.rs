//! A GitHub-flavoured Markdown table: labels, units and rounded numbers.
//!
//! Everything in a cell is escaped to be read as plain text, so a model's name cannot open a link,
//! an image, HTML, mathematics or another column. Line breaks and controls become visible escapes.

use super::cell::rounded;
use super::column::{Align, Column};
use super::inert::{is_unsafe, push_escape};
use super::table::Table;
use super::value::Value;
use super::walk::Markup;

/// Writes title, table and notes.
pub(super) struct Markdown {
    bare: bool,
}

impl Markdown {
    /// `bare` leaves out title and notes.
    pub(super) fn new(bare: bool) -> Self {
        Self { bare }
    }
}

impl Markup for Markdown {
    fn begin(&mut self, out: &mut String, table: &Table) {
        if !self.bare && !table.title().is_empty() {
            out.push_str("**");
            out.push_str(&escape(table.title()));
            out.push_str("**\n\n");
        }
        push_line(out, table.columns().iter().map(|c| escape(&c.heading())));
        push_line(out, table.columns().iter().map(rule));
    }

    fn row(&mut self, out: &mut String, columns: &[Column], row: &[Value]) {
        push_line(out, columns.iter().zip(row).map(|(c, v)| cell(c, v)));
    }

    fn end(&mut self, out: &mut String, table: &Table) {
        if self.bare || table.notes().is_empty() {
            return;
        }
        out.push('\n');
        for note in table.notes() {
            out.push_str("- ");
            out.push_str(&escape(note));
            out.push('\n');
        }
    }
}

fn push_line(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        out.push(' ');
        out.push_str(&cell);
        out.push_str(" |");
    }
    out.push('\n');
}

fn rule(column: &Column) -> String {
    match column.align {
        Align::Left => ":---".to_owned(),
        Align::Right => "---:".to_owned(),
    }
}

/// Only text needs escapes; a number or a missing value has nothing to escape.
fn cell(column: &Column, value: &Value) -> String {
    match value {
        Value::Text(text) => escape(text),
        _ => rounded(column, value),
    }
}

/// Plain text as Markdown. An underscore inside a word cannot start emphasis and stays readable.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '_' => {
                let joins = |side: Option<char>| side.is_some_and(char::is_alphanumeric);
                if !(joins(before) && joins(chars.peek().copied())) {
                    out.push('\\');
                }
                out.push('_');
            }
            '\\' | '|' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '$' | '&' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ if is_unsafe(c) => push_escape(&mut out, c),
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_escaped() {
        assert_eq!(escape(r"a|b\c"), r"a\|b\\c");
        assert_eq!(escape("a\nb\x1b"), r"a\nb\x1b");
        assert_eq!(escape("# x"), r"\# x");
        assert_eq!(escape("![x](http://e)"), r"!\[x\](http://e)");
        assert_eq!(
            escape("<b>*x*</b> &lt; `y` ~~z~~ $t$"),
            r"\<b\>\*x\*\</b\> \&lt; \`y\` \~\~z\~\~ \$t\$"
        );
    }

    #[test]
    fn underscores_inside_words_stay_readable() {
        assert_eq!(escape("cost_usd"), "cost_usd");
        assert_eq!(escape("_x_ __init__"), r"\_x\_ \_\_init\_\_");
    }
}
