//! Trees of spans in any order and in any pieces: every token counts once.

use super::super::spans::Span;
use super::Mapper;
use super::mapper_tests::{agent, chat, input_tokens, mapped, span, tool};
use proptest::prelude::*;
use serde_json::json;

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
