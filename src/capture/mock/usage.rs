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

/// What a reply used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input: u64,
    /// Those of them that were read from a cache.
    pub cached: u64,
    /// Tokens of the reply.
    pub output: u64,
    /// Those of them that are reasoning.
    pub reasoning: u64,
    /// What it cost.
    pub cost: Option<Usd>,
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
        let millionths =
            part(uncached, self.input) + part(cached, self.cache_read) + part(output, self.output);
        let (whole, rest) = (millionths / PRICE_TOKENS, millionths % PRICE_TOKENS);
        let up = rest * 2 > PRICE_TOKENS || (rest * 2 == PRICE_TOKENS && whole % 2 == 1);
        Usd::from_nanos(whole + i128::from(up))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::mock::conversation::{Message, Role};
    use crate::capture::mock::script::Call;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    #[test]
    fn four_bytes_are_a_token() {
        for (text, count) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本", 2)] {
            assert_eq!(tokens(text), count, "{text}");
        }
    }

    /// Counted by hand: 2 + 250 + 5 tokens before the reply, which has 1, and 3 after it.
    #[test]
    fn what_was_asked_before_is_cached_when_it_is_long_enough() {
        let message = |role, bytes: usize| Message::of(role, "x".repeat(bytes));
        let mut conversation = Conversation {
            preamble_tokens: 2,
            messages: vec![
                message(Role::System, 1000),
                message(Role::User, 20),
                message(Role::Assistant, 4),
                message(Role::ToolResult, 12),
            ],
            ..Conversation::default()
        };
        let call = Call { tool: "bash".into(), arguments: "x".repeat(9) };
        let turn = Turn {
            text: "x".repeat(40),
            reasoning: "x".repeat(80),
            calls: vec![call],
            ..Turn::default()
        };
        let price = Price { input: usd("3"), cache_read: usd("0.3"), output: usd("15") };
        let used = Usage::of(&conversation, &turn, Some(price));
        assert_eq!((used.input, used.cached), (261, 257));
        assert_eq!((used.output, used.reasoning), (34, 20));
        // 4 * 3 + 257 * 0.3 + 34 * 15 = 599.1 dollars for a million.
        assert_eq!(used.cost, Some(usd("0.0005991")));
        assert_eq!(used.cost_json().unwrap().to_string(), "0.0005991");
        conversation.messages[0] = message(Role::System, 992);
        let used = Usage::of(&conversation, &turn, None);
        assert_eq!((used.input, used.cached, used.cost), (259, 0, None));
        conversation.messages.truncate(2);
        assert_eq!(Usage::of(&conversation, &turn, None).cached, 0, "nothing was asked before");
    }

    #[test]
    fn costs_are_exact_and_never_wrong() {
        let price = |input| Price { input, cache_read: usd("0"), output: usd("0") };
        assert_eq!(price(usd("0.1")).of(3, 0, 0), Some(usd("0.0000003")));
        assert_eq!(price(usd("0.001")).of(1, 0, 0), Some(usd("0.000000001")));
        // Half a nano-dollar goes to the even one.
        assert_eq!(price(usd("0.0005")).of(1, 0, 0), Some(usd("0")));
        assert_eq!(price(usd("0.0005")).of(3, 0, 0), Some(usd("0.000000002")));
        assert_eq!(price(usd("999999999")).of(u64::MAX, 0, 0), None);
    }
}
