//! What was published, and how many of its digits count.

use super::raw::{RawClaim, RawDigits, RawList, RawTolerance};
use super::read::Reader;
use super::tolerance::{Comparison, Tolerance};
use super::value::ClaimValue;
use crate::analysis::failure::FileProblem;
use toml::Spanned;

impl Reader<'_> {
    pub(super) fn published(
        &self,
        written: &Spanned<toml::Value>,
    ) -> Result<ClaimValue, FileProblem> {
        let wrong = |what: &str| self.problem(written, &format!("`published`: {what}"));
        let item = |value: &toml::Value| match value {
            #[expect(clippy::cast_precision_loss, reason = "published numbers are short")]
            toml::Value::Integer(number) => Ok(ClaimValue::Number(*number as f64)),
            toml::Value::Float(number) if number.is_finite() => Ok(ClaimValue::Number(*number)),
            toml::Value::Float(number) => Err(wrong(&format!("{number} is no finite number"))),
            toml::Value::Boolean(flag) => Ok(ClaimValue::Flag(*flag)),
            toml::Value::String(text) => Ok(ClaimValue::Text(text.clone())),
            other => Err(wrong(&format!(
                "holds a number, a truth, a text or a list of these, not {}",
                match other {
                    toml::Value::Array(_) => "lists of lists",
                    other => other.type_str(),
                }
            ))),
        };
        match written.get_ref() {
            toml::Value::Array(items) if items.is_empty() => Err(wrong("the list is empty")),
            toml::Value::Array(items) => {
                Ok(ClaimValue::List(items.iter().map(item).collect::<Result<_, _>>()?))
            }
            one => item(one),
        }
    }

    /// One tolerance per published value.
    pub(super) fn tolerance(
        &self,
        raw: &RawClaim,
        published: &ClaimValue,
    ) -> Result<Vec<Tolerance>, FileProblem> {
        let count = published.items().len();
        let numbers = published.items().iter().all(|v| v.number().is_some());
        if raw.comparison.unwrap_or_default() != Comparison::Equal && !numbers {
            return Err(self.problem(&raw.published, "`comparison`: only numbers have an order"));
        }
        match (&raw.tolerance, &raw.digits) {
            (Some(tolerance), Some(_)) => {
                let problem = "has `digits` and `tolerance`; one of the two is enough";
                Err(self.problem(tolerance, problem))
            }
            (Some(written), None) => {
                let (tolerance, most) = match written.get_ref() {
                    RawTolerance::Absolute(most) => (Tolerance::Absolute(*most), *most),
                    RawTolerance::Relative(r) => (Tolerance::Relative(r.relative), r.relative),
                };
                if !(most.is_finite() && most >= 0.0) {
                    return Err(self.problem(written, "`tolerance`: is zero or a positive number"));
                }
                Ok(vec![tolerance; count])
            }
            (None, Some(digits)) => match digits.get_ref() {
                RawDigits::All(digits) => Ok(vec![Tolerance::Digits(*digits); count]),
                RawDigits::Each(each) if each.len() == count => {
                    Ok(each.iter().map(|d| Tolerance::Digits(*d)).collect())
                }
                RawDigits::Each(each) => {
                    let problem = format!("`digits`: {} for {count} published values", each.len());
                    Err(self.problem(digits, &problem))
                }
            },
            (None, None) => self.printed(&raw.published),
        }
    }

    /// The decimals that stand in the file.
    fn printed(&self, written: &Spanned<toml::Value>) -> Result<Vec<Tolerance>, FileProblem> {
        let text = self.place.text.get(written.span()).unwrap_or_default();
        let list = if written.get_ref().is_array() { text.to_owned() } else { format!("[{text}]") };
        let document = format!("list = {list}");
        let raw: RawList = toml::from_str(&document)
            .map_err(|e| self.problem(written, &format!("`published`: {}", e.message())))?;
        let digits = |item: &Spanned<toml::Value>| {
            let text = document.get(item.span()).unwrap_or_default();
            if item.get_ref().is_float() && text.contains(['e', 'E']) {
                let problem =
                    format!("`published`: say with `digits` how many decimals `{text}` has");
                return Err(self.problem(written, &problem));
            }
            let decimals = text.split_once('.').filter(|_| item.get_ref().is_float());
            let digits =
                decimals.map_or(0, |(_, d)| d.chars().filter(char::is_ascii_digit).count());
            Ok(Tolerance::Digits(digits))
        };
        raw.list.iter().map(digits).collect()
    }
}
