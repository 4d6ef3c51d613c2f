//! A seeded die. The same seed and stream give the same throws on every machine.

/// Words of a build log, a source file and a plan.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "the", "token", "parser", "returns", "error:", "expected", "';'", "before", "int", "const", "auto", "std::string", "llvm::Value", "IRBuilder<>", "build/task3", "CMakeLists.txt", "lexer", "passed", "failed", "[100%]", "linking", "warning:", "unused", "variable", "if", "(node", "==", "nullptr)", "{", "}", "switch", "test_case_017.sysu.c", "score", "100.00", "0.00", "visit",
];

/// Splitmix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The die of one stream of a seed; streams of neighbouring numbers have nothing in common.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95));
        Self(dice.roll())
    }

    /// 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: i64) -> i64 {
        let wide = u128::from(self.roll()) * u128::from(end.max(1).unsigned_abs());
        i64::try_from(wide >> 64).unwrap_or_default()
    }

    /// True so many times in a thousand.
    pub fn per_mille(&mut self, times: i64) -> bool {
        self.below(1000) < times
    }

    /// One of some things, of which there must be one.
    pub fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        let count = i64::try_from(things.len()).unwrap_or(i64::MAX);
        &things[usize::try_from(self.below(count)).unwrap_or_default()]
    }

    /// One of some things, each as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, things: &[(i64, T)]) -> T {
        let mut at = self.below(things.iter().map(|(weight, _)| weight).sum());
        let mut chosen = things[0].1;
        for (weight, thing) in things {
            chosen = *thing;
            at -= weight;
            if at < 0 {
                break;
            }
        }
        chosen
    }

    /// About so many bytes of words in lines.
    pub fn prose(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 24);
        while text.len() < bytes {
            text.push_str(self.one_of::<&str>(WORDS));
            text.push(if self.below(9) == 0 { '\n' } else { ' ' });
        }
        text
    }

    /// So many hexadecimal digits at the end of a text.
    pub fn push_hex(&mut self, text: &mut String, digits: usize) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bits = 0;
        for digit in 0..digits {
            if digit % 16 == 0 {
                bits = self.roll();
            }
            text.push(char::from(DIGITS[(bits & 15) as usize]));
            bits >>= 4;
        }
    }

    /// `prefix` and an identifier like a UUID of version 4.
    pub(super) fn uuid(&mut self, prefix: &str) -> String {
        let mut text = String::with_capacity(prefix.len() + 36);
        text.push_str(prefix);
        self.push_hex(&mut text, 8);
        text.push('-');
        self.push_hex(&mut text, 4);
        text.push_str("-4");
        self.push_hex(&mut text, 3);
        text.push_str("-9");
        self.push_hex(&mut text, 3);
        text.push('-');
        self.push_hex(&mut text, 12);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_itself_and_no_other() {
        let rolls = |seed, stream| -> Vec<u64> {
            let mut dice = Dice::new(seed, stream);
            (0..4).map(|_| dice.roll()).collect()
        };
        assert_eq!(rolls(1, 2), rolls(1, 2));
        assert_ne!(rolls(1, 2), rolls(1, 3));
        assert_ne!(rolls(1, 2), rolls(2, 2));
    }

    #[test]
    fn weights_are_shares() {
        let mut dice = Dice::new(7, 0);
        let sixes = (0..10_000).filter(|_| dice.weighted(&[(1, 6), (9, 1)]) == 6).count();
        assert!((800..1200).contains(&sixes), "{sixes}");
        assert!((0..1000).all(|_| (0..3).contains(&dice.below(3))));
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn identifiers_have_the_length_of_real_ones() {
        let id = Dice::new(1, 1).uuid("chatcmpl-");
        assert_eq!((id.len(), id.matches('-').count()), (45, 5), "{id}");
    }
}
