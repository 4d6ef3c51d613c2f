//! Trees of spans in any order and in any pieces: every token counts once.

use super::super::spans::{Span, SpanEvent};
use super::Mapper;
use super::mapper_tests::{agent, chat, input_tokens, mapped, span, tool};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A span with what is in it. Calls have tokens, and agents the sum of them.
#[derive(Debug, Clone)]
enum Tree {
    Agent { sums: bool, inside: Vec<Tree> },
    Call { tokens: i64, wrapped: u8, inside: Vec<Tree> },
    Tool(Vec<Tree>),
    Other(Vec<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (1..1000_i64, 0..3_u8).prop_map(|(tokens, wrapped)| Tree::Call {
        tokens,
        wrapped,
        inside: Vec::new(),
    });
    leaf.prop_recursive(5, 24, 4, |inner| {
        let some = prop::collection::vec(inner, 0..4);
        prop_oneof![
            3 => (any::<bool>(), some.clone()).prop_map(|(sums, inside)| Tree::Agent { sums, inside }),
            2 => (1..1000_i64, 0..2_u8, some.clone()).prop_map(|(tokens, wrapped, inside)| {
                Tree::Call { tokens, wrapped, inside: vec![Tree::Tool(inside)] }
            }),
            1 => some.clone().prop_map(Tree::Tool),
            1 => some.prop_map(Tree::Other),
        ]
    })
}

impl Tree {
    /// The tokens and the calls in it.
    fn tokens(&self) -> (i64, u64) {
        let of = |inside: &[Tree]| {
            inside.iter().map(Tree::tokens).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        match self {
            Self::Agent { inside, .. } | Self::Tool(inside) | Self::Other(inside) => of(inside),
            Self::Call { tokens, inside, .. } => {
                let (inner, calls) = of(inside);
                (tokens + inner, calls + 1)
            }
        }
    }

    /// Its spans, children first.
    fn spans(&self, parent: Option<&str>, out: &mut Vec<Span>) {
        let id = format!("{}-{}", parent.unwrap_or_default(), out.len());
        let mut add = |span: Span, inside: &[Self]| {
            for tree in inside {
                tree.spans(Some(&span.span_id), out);
            }
            out.push(span);
        };
        match self {
            Self::Agent { sums, inside } => {
                let sum = Some(self.tokens().0).filter(|sum| *sums && *sum > 0);
                add(agent(&id, parent, 1, sum), inside);
            }
            Self::Call { tokens, wrapped: 0, inside } => {
                add(chat(&id, parent, 1, *tokens, 0), inside);
            }
            Self::Call { tokens, wrapped, inside } => {
                let inner =
                    Self::Call { tokens: *tokens, wrapped: wrapped - 1, inside: inside.clone() };
                add(chat(&id, parent, 1, *tokens, 0), &[Self::Other(vec![inner])]);
            }
            Self::Tool(inside) => add(tool(&id, parent, 1, &id), inside),
            Self::Other(inside) => add(span(&id, parent, 1, json!({})), inside),
        }
    }
}

proptest! {
    #[test]
    fn every_token_counts_once_in_any_order_and_in_any_pieces_with_children_first(
        tree in tree(),
        shuffle in any::<u64>(),
        pieces in prop::collection::vec(1..6_usize, 1..8),
    ) {
        let mut spans = Vec::new();
        tree.spans(None, &mut spans);
        let (tokens, calls) = tree.tokens();
        let total = u64::try_from(spans.len()).unwrap();

        let mut whole = Mapper::default();
        let in_order = whole.map(spans.clone());
        prop_assert_eq!(input_tokens(&in_order), tokens);
        prop_assert_eq!((whole.counts().llm_calls, whole.counts().sums_counted), (calls, 0));
        prop_assert_eq!(whole.counts().spans(), total);

        // Shuffled by a generator of Lehmer's, in one piece: the same rows.
        let mut state = u128::from(shuffle) << 1 | 1;
        let mut shuffled = spans.clone();
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(0xda94_2042_e4dd_58b5);
            shuffled.swap(i, usize::try_from(state >> 64 & 0xffff_ffff).unwrap() % (i + 1));
        }
        prop_assert_eq!(&mapped(shuffled), &in_order);

        // In the order in which they end, in any pieces: other rows perhaps, and the same tokens. (A span between two others
        // that comes last of the three comes too late to say that they belong together.)
        let mut mapper = Mapper::default();
        let (mut counted, mut rest) = (0, spans.as_slice());
        for size in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            counted += input_tokens(&mapper.map(piece.to_vec()));
            rest = after;
        }
        prop_assert_eq!(counted, tokens);
        prop_assert_eq!(mapper.counts().spans(), total);
    }
}

/// Any JSON, as a value or as a text.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "role",
        "content",
        "parts",
        "type",
        "text",
        "message",
        "tool_calls",
        "tool_call",
        "function",
        "name",
        "id",
        "tool",
        "user",
        "assistant",
        "tool_result",
        "arguments",
        "finish_reason",
        "[",
        "{\"",
        "-1",
        "9223372036854775808",
        "NaN",
    ]);
    let word = word.prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..5)
                .prop_map(|pairs| pairs.into_iter().collect()),
        ]
    });
    (value, any::<bool>())
        .prop_map(|(value, as_text)| if as_text { value.to_string().into() } else { value })
}

proptest! {
    #[test]
    fn no_attributes_make_it_panic(
        operation in prop::sample::select(vec!["chat", "execute_tool", "invoke_agent", "?"]),
        values in prop::collection::vec((prop::sample::select(ATTRIBUTES.to_vec()), anything()), 0..8),
        in_events in any::<bool>(),
    ) {
        let attributes = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut span = span("s", Some("p"), 1, json!({ "gen_ai.operation.name": operation }));
        if in_events {
            let name = "gen_ai.choice".to_owned();
            span.events.push(SpanEvent { name, time_ns: None, attributes });
        } else {
            span.attributes.extend(attributes);
        }
        for event in mapped(vec![span]) {
            let attributes = event.attributes.as_deref().unwrap_or("{}");
            prop_assert!(serde_json::from_str::<Value>(attributes).is_ok_and(|v| v.is_object()));
            let counts = [event.input_tokens, event.output_tokens, event.cache_read_tokens, event.reasoning_tokens];
            prop_assert!(counts.iter().flatten().all(|count| *count >= 0));
        }
    }
}

/// Attributes that are read.
#[rustfmt::skip]
const ATTRIBUTES: &[&str] = &[
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.prompt.0", "gen_ai.prompt.0.content",
    "gen_ai.prompt.x.y", "gen_ai.completion.0.tool_calls.0.name", "llm.input_messages.1.message", "events", "ai.prompt.messages",
    "ai.response.toolCalls", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.total_tokens", "gen_ai.usage.cost", "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result", "gen_ai.response.finish_reasons", "gen_ai.conversation.id", "message", "content", "error.type",
];
