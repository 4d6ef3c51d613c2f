//! One SQL expression, parsed, and what it looks at.
//!
//! An expression is not a query: it sees one set of rows, opens no file and no other table, and gives one number per row
//! or group.

use crate::rollup::sql_words;
use polars::prelude::{Expr, FunctionExpr};
use polars::sql::sql_expr;
use std::collections::BTreeSet;

/// A parsed expression.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    /// The expression as polars runs it.
    pub(super) expr: Expr,
    /// The columns that it names.
    pub(super) columns: BTreeSet<String>,
    /// Whether it aggregates outside a window.
    pub(super) aggregates: bool,
    /// Whether it has a window.
    pub(super) windows: bool,
    /// Whether a window of it reaches past a single run.
    pub(super) crosses_runs: bool,
}

impl Expression {
    /// Parses an expression; an error says why it is none.
    pub(super) fn parse(sql: &str) -> Result<Self, String> {
        if let Some(word) = sql_words(sql).into_iter().find(|w| is_query_word(w)) {
            return Err(format!("`{word}` belongs to a query; a metric is one expression"));
        }
        let expr = sql_expr(sql).map_err(|e| cleaned(&e.to_string(), sql))?;
        let (mut columns, mut all, mut inside) = (BTreeSet::new(), 0, 0);
        let (mut windows, mut crosses_runs) = (false, false);
        for node in &expr {
            match node {
                Expr::Column(name) => {
                    columns.insert(name.to_string());
                }
                Expr::Alias(..) => {
                    return Err("`AS` is not needed: the metric has a name".to_owned());
                }
                Expr::Selector(_) => return Err("`*` is not a column; name the columns".to_owned()),
                Expr::SubPlan(..) => return Err("a metric cannot hold a query".to_owned()),
                Expr::Over { function, partition_by, .. } => {
                    let named = |e: &Expr| e.into_iter().any(|n| matches!(n, Expr::Column(_)));
                    if !partition_by.iter().any(named) {
                        let problem =
                            "a window needs PARTITION BY: run_id, or workload for all its runs";
                        return Err(problem.to_owned());
                    }
                    windows = true;
                    inside += function.into_iter().filter(|n| is_aggregate(n)).count();
                    let by_run =
                        |e: &Expr| matches!(e, Expr::Column(name) if name.as_str() == "run_id");
                    crosses_runs |= !partition_by.iter().any(by_run);
                }
                node => all += usize::from(is_aggregate(node)),
            }
        }
        let aggregates = all > inside;
        if aggregates && windows {
            return Err(
                "an aggregate stands beside a window: give each aggregate its OVER".to_owned()
            );
        }
        Ok(Self { expr, columns, aggregates, windows, crosses_runs })
    }
}

fn is_aggregate(node: &Expr) -> bool {
    match node {
        // The two functions are the only ones of the SQL dialect that reduce rows without being aggregates of their own.
        Expr::Agg(_)
        | Expr::Len
        | Expr::Function {
            function: FunctionExpr::Correlation { .. } | FunctionExpr::Quantile { .. },
            ..
        } => true,
        _ => false,
    }
}

/// Words that begin a query or read something from outside.
fn is_query_word(word: &str) -> bool {
    matches!(
        word,
        "select" | "with" | "insert" | "update" | "delete" | "drop" | "create" | "copy" | "table"
    ) || word.starts_with("read_")
}

/// A message of the parser for people: one line, without its own quotation of the text.
fn cleaned(message: &str, sql: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    if line.contains("unable to parse") {
        return format!(
            "not an SQL expression: `{}`",
            sql.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
    line.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(sql: &str) -> Expression {
        Expression::parse(sql).unwrap()
    }

    fn refused(sql: &str) -> String {
        Expression::parse(sql).unwrap_err()
    }

    #[test]
    fn columns_are_found_wherever_they_stand() {
        let columns = |sql| parse(sql).columns.into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(
            columns("SUM(CASE WHEN score >= gate THEN weight ELSE 0 END)"),
            "gate score weight"
        );
        assert_eq!(columns("SUM(a) OVER (PARTITION BY run_id ORDER BY stage)"), "a run_id stage");
        assert_eq!(columns("COUNT(*) / 2"), "");
    }

    #[test]
    fn aggregates_and_windows_are_told_apart() {
        let plain = parse("cost_usd / elapsed_s");
        assert!(!plain.aggregates && !plain.windows && !plain.crosses_runs);
        assert!(parse("cost_usd / MAX(cost_usd)").aggregates);
        assert!(parse("COUNT(*)").aggregates);
        let own = parse("SUM(score) OVER (PARTITION BY run_id ORDER BY stage)");
        assert!(own.windows && !own.aggregates && !own.crosses_runs);
        assert!(parse("MAX(score) OVER (PARTITION BY workload)").crosses_runs);
        assert!(
            refused("SUM(score) OVER (ORDER BY stage)").starts_with("a window needs PARTITION BY")
        );
        assert_eq!(
            refused("score / MAX(score) - MIN(score) OVER (PARTITION BY workload)"),
            "an aggregate stands beside a window: give each aggregate its OVER"
        );
    }

    #[test]
    fn queries_and_statements_are_refused() {
        for (sql, word) in [
            ("SELECT 1", "select"),
            ("(SELECT MAX(a) FROM read_parquet('x'))", "select"),
            ("score IN (TABLE secrets)", "table"),
            ("DROP TABLE runs", "drop"),
            ("read_csv('/etc/passwd')", "read_csv"),
        ] {
            let expected = format!("`{word}` belongs to a query; a metric is one expression");
            assert_eq!(refused(sql), expected, "{sql}");
        }
        assert!(Expression::parse("CASE WHEN model = 'select' THEN 1 END").is_ok());
        assert!(Expression::parse("score -- select\n").is_ok());
    }

    #[test]
    fn what_is_not_an_expression_says_so() {
        assert_eq!(refused("AVG(score"), "not an SQL expression: `AVG(score`");
        assert!(refused("").starts_with("not an SQL expression"));
        assert!(refused("score score2 score3").contains("unexpected token"));
        assert_eq!(refused("AVG(score) AS x"), "`AS` is not needed: the metric has a name");
        assert_eq!(refused("*"), "not an SQL expression: `*`");
    }
}
