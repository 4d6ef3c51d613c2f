//! Calls priced on three bases that are never mixed.
//!
//! *Reported*: what the log says. *List*: tokens times a dated price book. *Neutral*: tokens times one reference vector, so
//! that only behaviour is compared. A run is priced when every call with tokens is; otherwise its cost is unknown on that
//! basis, and the coverage says how far it got.

use super::calls::{LlmCall, RunCalls};
use crate::ledger::{Books, Rates};
use crate::trace::Usd;
use std::collections::BTreeMap;
use std::fmt;

/// What a cost is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// What the log says.
    #[default]
    Reported,
    /// Tokens times a dated price book.
    List,
    /// Tokens times one reference price vector.
    Neutral,
}

impl Basis {
    /// Name on the command line, on figures and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::List => "list",
            Self::Neutral => "neutral",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The cost of a run on one basis.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCost {
    /// Identifier.
    pub run_id: String,
    /// Cost in US dollars; `None` when unknown.
    pub cost_usd: Option<f64>,
    /// The same, exact.
    pub exact: Option<Usd>,
    /// Rows of calls with a price on this basis.
    pub priced_rows: u64,
    /// Rows of calls.
    pub rows: u64,
    /// Whether every price of it stands in a log (reported basis only).
    pub logged: bool,
    /// Exact cost by stage; `None` under the key of a stage with an unpriced call. Calls outside stages are not in it.
    pub by_stage: BTreeMap<i64, Option<Usd>>,
    /// Why it is not priced, in words; `None` when it is.
    pub missing: Option<String>,
}

/// Prices every call of a run.
pub fn price_run(run: &RunCalls, basis: Basis, books: &Books) -> RunCost {
    let mut cost = RunCost {
        run_id: run.run_id.clone(),
        cost_usd: None,
        exact: None,
        priced_rows: 0,
        rows: 0,
        logged: true,
        by_stage: BTreeMap::new(),
        missing: None,
    };
    let mut total = Usd::default();
    for call in run.calls.iter().filter(|c| counts(c)) {
        let price = price_call(run, call, basis, books);
        cost.rows += 1;
        cost.logged &= call.logged;
        let stage = call.stage.map(|s| cost.by_stage.entry(s).or_insert(Some(Usd::default())));
        match price {
            Ok(price) => {
                cost.priced_rows += 1;
                total = total + price;
                if let Some(Some(sum)) = stage {
                    *sum = *sum + price;
                }
            }
            Err(missing) => {
                cost.missing = cost.missing.take().or(Some(missing));
                if let Some(sum) = stage {
                    *sum = None;
                }
            }
        }
    }
    if cost.rows > 0 && cost.priced_rows == cost.rows {
        cost.exact = Some(total);
        cost.cost_usd = Some(total.to_f64());
    }
    cost
}

/// The price of a call on a basis, or why it has none.
pub fn price_call(
    run: &RunCalls,
    call: &LlmCall,
    basis: Basis,
    books: &Books,
) -> Result<Usd, String> {
    match basis {
        Basis::Reported => call.cost.ok_or_else(|| "the log has no cost".to_owned()),
        Basis::List => list_price(run, call, books),
        Basis::Neutral => {
            let price = call.tokens.and_then(|t| Rates::neutral().cost(&t));
            price.ok_or_else(|| "tokens are unknown".to_owned())
        }
    }
}

/// The rates a book has for a call, or why it has none.
pub fn list_rates<'a>(
    run: &RunCalls,
    call: &LlmCall,
    books: &'a Books,
) -> Result<&'a Rates, String> {
    let found = books.find(&run.model, run.provider.as_deref(), call.ts.or(run.started_at));
    let Some(price) = found.price() else {
        return Err(found.reason().unwrap_or_else(|| "no price".to_owned()));
    };
    if call.aggregate && price.tiers().nth(1).is_some() {
        // The tier goes by the prompt of one call, which a sum over calls does not show.
        return Err("its price depends on the length of each prompt, and the trace has sums only"
            .to_owned());
    }
    Ok(price.rates(call.tokens.map_or(0, |t| t.input())))
}

fn list_price(run: &RunCalls, call: &LlmCall, books: &Books) -> Result<Usd, String> {
    let rates = list_rates(run, call, books)?;
    let tokens = call.tokens.ok_or_else(|| "tokens are unknown".to_owned())?;
    rates.cost(&tokens).ok_or_else(|| "its price has no rate for some of the tokens".to_owned())
}

/// Rows that carry an account: a coarse trace also has rows that only count calls.
pub(super) fn counts(call: &LlmCall) -> bool {
    !call.aggregate || call.tokens.is_some() || call.cost.is_some()
}
