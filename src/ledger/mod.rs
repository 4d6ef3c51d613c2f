//! Token, time and money accounts, from the trace alone.
//!
//! * `tokens`: disjoint token classes of a call
//! * `audit`: invariants, with stable warning codes
//! * `prices`: dated price books
//! * `time`, `time_spans`: where the time of a window went, and when
//! * `cache`: what prompt caching did to a bill
//! * `implied`: which price lists reproduce a log of costs
//! * `priced_call`, `price_vector`: its input and its lists
//! * `price_hypotheses`: which explanation is believed
//! * `price_fit`, `price_mixture`: one list, and several that take turns

mod audit;
mod cache;
mod implied;
mod price_fit;
mod price_hypotheses;
mod price_mixture;
mod price_vector;
mod priced_call;
pub mod prices;
mod time;
mod time_spans;
mod tokens;

#[cfg(test)]
mod implied_tests;

pub use audit::{Audit, Code, Warning, audit_file, warnings_dictionary};
pub use cache::{CacheCall, CacheMultipliers, CacheRates, CacheUse, NegativeTokens, prefix_breaks};
pub use implied::{ImpliedPrices, Recomputed, Verdict, implied_prices};
pub use price_vector::PriceVector;
pub use priced_call::{PricedCall, TokenColumn};
pub use prices::{Books, Found, Price, PriceBook, PriceError, Rates};
pub use time::{Activity, Interval, TimeShares, covered};
pub use time_spans::{TimeSpans, union};
pub use tokens::TokenClasses;
