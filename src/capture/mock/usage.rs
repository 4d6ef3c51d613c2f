//! Tokens and cost of a reply, by rules that anybody can check by hand: four bytes are a token, prices are exact decimals.

use super::conversation::Conversation;
use super::script::Turn;
use crate::trace::Usd;
use serde_json::{Number, Value};

/// Bytes of a token.
const TOKEN_BYTES: usize = 4;
/// Fewest tokens that a cache keeps.
const LEAST_CACHED: u64 = 256;
/// Tokens that a price is for.
const PRICE_TOKENS: i128 = 1_000_000;

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) input: Usd,
    pub(super) cache_read: Usd,
    pub(super) output: Usd,
}

/// What a reply used. `cached` is part of `input`, `reasoning` of `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) cached: u64,
    pub(super) output: u64,
    pub(super) reasoning: u64,
    pub(super) cost: Option<Usd>,
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> u64 {
    text.len().div_ceil(TOKEN_BYTES) as u64
}

impl Usage {
    /// What a turn uses as the reply in a conversation.
    pub(super) fn of(conversation: &Conversation, turn: &Turn, price: Option<Price>) -> Self {
        let reasoning = tokens(&turn.reasoning);
        let calls: u64 = turn.calls.iter().map(|c| tokens(&c.tool) + tokens(&c.arguments)).sum();
        let input = conversation.tokens();
        let output = reasoning + tokens(&turn.text) + calls;
        let before = conversation.tokens_before_last_reply();
        let cached = if before >= LEAST_CACHED { before } else { 0 };
        let cost = price.and_then(|price| price.of(input - cached, cached, output));
        Self { input, cached, output, reasoning, cost }
    }

    /// The cost as the JSON number of `usage.cost`.
    pub(super) fn cost_json(&self) -> Option<Value> {
        // At most 18 digits, of which a cost has few: the shortest float prints the same decimal.
        let cost: f64 = self.cost?.to_string().parse().ok()?;
        Number::from_f64(cost).map(Value::Number)
    }
}

impl Price {
    /// Exact to the nano-dollar, half to even; none beyond a decimal(18,9).
    fn of(&self, uncached: u64, cached: u64, output: u64) -> Option<Usd> {
        let part = |count: u64, price: Usd| i128::from(count) * i128::from(price.nanos());
        let millionths = part(uncached, self.input)
            + part(cached, self.cache_read)
            + part(output, self.output);
        let (whole, rest) = (millionths / PRICE_TOKENS, millionths % PRICE_TOKENS);
        let up = rest * 2 > PRICE_TOKENS || (rest * 2 == PRICE_TOKENS && whole % 2 == 1);
        Usd::from_nanos(whole + i128::from(up))
    }
}
