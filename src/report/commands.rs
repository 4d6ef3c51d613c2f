//! Every number of some tables as a LaTeX command, so that a paper quotes them instead of copying them.
//!
//! A command is named after its table, the keys of its row and its column: `\MetricsGptFivePointFivePL`. Names hold letters
//! only, so digits are spelled. Of the key columns only as many are used as tell the rows apart.

use super::column::Column;
use super::inert::visible;
use super::latex;
use super::table::Table;
use super::value::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The commands of some tables, each with the number of its key columns, as the text of `numbers.tex`.
pub fn latex_commands(tables: &[(&Table, usize)]) -> String {
    let mut out = "% The numbers of these tables, one command each: \\input{numbers}\n".to_owned();
    let mut taken = BTreeSet::new();
    for (table, most_keys) in tables {
        let keys = telling_keys(table, *most_keys);
        let columns = table.columns();
        for row in table.rows() {
            let named: Vec<String> = row.iter().take(keys).map(key_text).collect();
            for (column, value) in columns.iter().zip(row).skip(*most_keys) {
                if !is_number(value) {
                    continue;
                }
                let mut parts = vec![table.name().to_owned()];
                parts.extend(named.iter().cloned());
                parts.push(column.name.clone());
                let name =
                    free_name(&parts.iter().map(|p| camel(p)).collect::<String>(), &mut taken);
                let cell = latex::cell(column, value);
                let comment = remark(column, &named);
                // Writing to a string cannot fail.
                let _ = writeln!(out, "\\newcommand{{\\{name}}}{{{cell}}} % {comment}");
            }
        }
    }
    out
}

/// How many of the leading key columns tell all rows apart; all of them when none do.
fn telling_keys(table: &Table, most: usize) -> usize {
    let differ = |keys: &usize| {
        let rows: BTreeSet<Vec<String>> =
            table.rows().iter().map(|r| r.iter().take(*keys).map(key_text).collect()).collect();
        rows.len() == table.rows().len()
    };
    (1..most).find(differ).unwrap_or(most)
}

fn key_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Null => "all".to_owned(),
        other => format!("{other:?}"),
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Money { .. })
}

/// What the number is, on one line.
fn remark(column: &Column, keys: &[String]) -> String {
    let words = format!("{}: {}", keys.join(", "), column.heading());
    visible(&words).replace(['\n', '\r'], " ")
}

/// A word as part of a command's name: letters, with digits spelled and a point between digits named.
fn camel(text: &str) -> String {
    const DIGITS: [&str; 10] =
        ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    let letters: Vec<char> = text.chars().collect();
    let (mut name, mut begins) = (String::new(), true);
    for (i, c) in letters.iter().enumerate() {
        let digit = |at: Option<&char>| at.is_some_and(char::is_ascii_digit);
        if let Some(value) = c.to_digit(10) {
            name.push_str(DIGITS[value as usize % 10]);
            begins = true;
        } else if c.is_ascii_alphabetic() {
            name.push(if begins { c.to_ascii_uppercase() } else { *c });
            begins = false;
        } else {
            let inside = i > 0 && digit(letters.get(i - 1)) && digit(letters.get(i + 1));
            if *c == '.' && inside {
                name.push_str("Point");
            }
            begins = true;
        }
    }
    name
}

/// The name, with letters behind it when it is taken.
fn free_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    while !taken.insert(free.clone()) {
        free.push('X');
    }
    free
}

#[cfg(test)]
mod tests {
    use super::super::column::Kind;
    use super::*;

    fn table() -> Table {
        let columns = vec![
            Column::new("model", "Model", Kind::Text),
            Column::new("workload", "Workload", Kind::Text),
            Column::new("pl", "PL", Kind::Float).unit("points").digits(2),
            Column::new("passed", "Passed", Kind::Share),
        ];
        Table::new("metrics", "Metrics", columns).unwrap()
    }

    #[test]
    fn names_are_letters_and_values_are_those_of_the_table() {
        let mut table = table();
        table.push(vec!["gpt-5.5".into(), "w1".into(), 74.706.into(), 0.2.into()]).unwrap();
        table.push(vec!["a_b".into(), "w1".into(), Value::Null, 1.0.into()]).unwrap();
        let text = latex_commands(&[(&table, 2)]);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "\\newcommand{\\MetricsGptFivePointFivePl}{74.71} % gpt-5.5: PL (points)",
                "\\newcommand{\\MetricsGptFivePointFivePassed}{20.0\\%} % gpt-5.5: Passed",
                "\\newcommand{\\MetricsABPassed}{100.0\\%} % a_b: Passed",
            ]
        );
    }

    #[test]
    fn keys_are_added_until_rows_differ_and_names_never_clash() {
        let mut table = table();
        for (model, workload) in [("m", "w"), ("m", "x"), ("m", "x!")] {
            table.push(vec![model.into(), workload.into(), 1.0.into(), Value::Null]).unwrap();
        }
        let text = latex_commands(&[(&table, 2)]);
        assert!(text.contains("\\MetricsMWPl}") && text.contains("\\MetricsMXPl}"), "{text}");
        assert!(text.contains("\\MetricsMXPlX}"), "{text}");
    }

    #[test]
    fn hostile_keys_stay_inside_their_comment() {
        let mut table = table();
        table.push(vec!["m}\n\\input{x}".into(), "w".into(), 1.0.into(), Value::Null]).unwrap();
        let text = latex_commands(&[(&table, 1)]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(
            text.lines().nth(1).unwrap().starts_with("\\newcommand{\\MetricsMInputXPl}{1.00} % ")
        );
    }
}
