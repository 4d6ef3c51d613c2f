//! Calls at other prices and at other cache hit rates.
//!
//! At a hit rate of `h` a call reads `h` of its prompt from the cache, pays the rest as uncached input and writes nothing
//! to it; the output stays as it was. Each call has the rates of its own date and length, so that prices by tiers count.

use super::course::Course;
use crate::analysis::calls::{LlmCall, RunCalls};
use crate::analysis::pricing::{Basis, counts, list_rates, price_call};
use crate::ledger::{Books, Rates, TokenClasses};
use crate::trace::Usd;

/// Whose prices, at which hit rate.
#[derive(Debug, Clone, Copy)]
pub struct CallPrices<'a> {
    /// Cost basis.
    pub basis: Basis,
    /// The books of list prices.
    pub books: &'a Books,
    /// Share of each prompt that is read from the cache; as it was when `None`.
    pub cache_hit: Option<f64>,
}

/// A run's cost as it was and at other prices.
#[derive(Debug, Clone, PartialEq)]
pub struct Repriced {
    /// As the first prices have it; `None` when unknown.
    pub before: Option<Usd>,
    /// As the other prices have it; `None` when unknown.
    pub after: Option<Usd>,
    /// Share of prompt tokens that were read from a cache; `None` when no call says.
    pub hit_rate: Option<f64>,
    /// Why the other cost is unknown.
    pub missing: Option<String>,
}

impl CallPrices<'_> {
    /// What a call costs, or why that is unknown.
    pub fn price(&self, run: &RunCalls, call: &LlmCall) -> Result<Usd, String> {
        let Some(hit) = self.cache_hit else {
            return price_call(run, call, self.basis, self.books);
        };
        // What the log says holds for the hit rate that was.
        let rates = match self.basis {
            Basis::Neutral => &Rates::neutral(),
            Basis::Reported | Basis::List => list_rates(run, call, self.books)?,
        };
        let tokens = call.tokens.ok_or_else(|| "tokens are unknown".to_owned())?;
        let moved = with_hit_rate(&tokens, hit).ok_or_else(|| "tokens are unknown".to_owned())?;
        rates.cost(&moved).ok_or_else(|| "its price has no rate for some of the tokens".to_owned())
    }

    /// The prices in words.
    pub fn name(&self) -> String {
        match (self.basis, self.cache_hit) {
            (basis, None) => basis.name().to_owned(),
            (Basis::Neutral, Some(hit)) => format!("neutral, {} of input cached", percent(hit)),
            (_, Some(hit)) => format!("list, {} of input cached", percent(hit)),
        }
    }

    /// What a run costs, or why that is unknown.
    pub fn total(&self, course: &Course) -> Result<Usd, String> {
        let mut sum = Usd::default();
        let mut rows = 0;
        for call in course.calls.calls.iter().filter(|call| counts(call)) {
            let price = self.price(&course.calls, call)?;
            sum = sum.checked_add(price).ok_or_else(|| "it is too large".to_owned())?;
            rows += 1;
        }
        if rows == 0 { Err("no call was answered".to_owned()) } else { Ok(sum) }
    }

    /// What a run costs at these prices and at others.
    pub fn beside(&self, other: &Self, course: &Course) -> Repriced {
        let after = other.total(course);
        Repriced {
            before: self.total(course).ok(),
            hit_rate: course.calls.cache_use().and_then(|used| used.hit_rate()),
            missing: after.as_ref().err().cloned(),
            after: after.ok(),
        }
    }
}

/// The same tokens with so much of the input read from a cache and the rest paid in full.
fn with_hit_rate(tokens: &TokenClasses, hit: f64) -> Option<TokenClasses> {
    let input = tokens.input();
    let read = share_of(input, hit).min(input);
    let reasoning = (!tokens.reasoning_assumed()).then_some(tokens.reasoning());
    TokenClasses::from_totals(Some(input), Some(read), None, Some(tokens.output()), reasoning)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a prompt is far shorter than 2^53 tokens"
)]
fn share_of(tokens: i64, share: f64) -> i64 {
    (tokens as f64 * share).round() as i64
}

fn percent(share: f64) -> String {
    format!("{}\u{A0}%", (share * 1e6).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::super::course::tests::{call, course};
    use super::*;
    use crate::ledger::PriceBook;
    use crate::trace::{Event, Timestamp};

    const BOOK: &str = "[book]\nname = \"b\"\nsource = \"made up\"\n[[price]]\nmodels = [\"m\"]\ninput = 2\n\
        cache_read = 0.5\noutput = 10\n";

    fn run() -> Course {
        let tokens = |input, read, output| Event {
            cache_read_tokens: Some(read),
            output_tokens: Some(output),
            ts: Some(Timestamp::from_micros(1_770_000_000_000_000)),
            ..call(0, 7, input)
        };
        let mut run = course(&[tokens(1_000_000, 0, 100_000), tokens(1_000_000, 800_000, 100_000)]);
        run.calls.model = "m".to_owned();
        run
    }

    /// Oracle: by hand, in dollars per million tokens.
    #[test]
    fn other_prices_and_hit_rates_cost_what_the_hand_says() {
        let books = Books::stack(vec![PriceBook::parse("b", BOOK).unwrap()]).unwrap();
        let prices = |basis, cache_hit| CallPrices { basis, books: &books, cache_hit };
        let total = |basis, hit| prices(basis, hit).total(&run()).unwrap().to_string();
        assert_eq!(total(Basis::Reported, None), "0.14");
        // 2 + 1, and 0.4 + 0.4 + 1.
        assert_eq!(total(Basis::List, None), "4.8");
        // Twice 0.5 · 2 + 0.5 · 0.5 + 1.
        assert_eq!(total(Basis::List, Some(0.5)), "4.5");
        assert_eq!(
            total(Basis::Reported, Some(0.5)),
            "4.5",
            "what was paid holds for what was read"
        );
        assert_eq!(total(Basis::List, Some(0.0)), "6");
        assert_eq!(total(Basis::List, Some(1.0)), "3");
        assert_eq!(total(Basis::Neutral, Some(1.0)), "1.2");
        let found = prices(Basis::Reported, None).beside(&prices(Basis::List, Some(1.0)), &run());
        assert_eq!(found.hit_rate, Some(0.4));
        assert_eq!(found.before.unwrap().to_string(), "0.14");
        assert_eq!((found.after.unwrap().to_string().as_str(), found.missing), ("3", None));
    }

    #[test]
    fn what_has_no_price_says_why() {
        let books = Books::default();
        let prices = CallPrices { basis: Basis::List, books: &books, cache_hit: Some(0.5) };
        assert_eq!(prices.total(&run()).unwrap_err(), "no price book names the model");
        assert_eq!(prices.name(), "list, 50\u{A0}% of input cached");
        let none = prices.beside(&prices, &course(&[]));
        assert_eq!((none.after, none.missing.as_deref()), (None, Some("no call was answered")));
    }
}
