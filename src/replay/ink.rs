//! The few colours of a replay; every one of them only repeats what words and marks say.

/// How a piece of text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// As the terminal has it.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// A heading.
    Strong,
    /// The chosen row.
    Chosen,
    /// What the agent is told.
    Prompt,
    /// What the model says.
    Reply,
    /// What tools do.
    Tool,
    /// Passed.
    Good,
    /// Failed.
    Bad,
}

impl Ink {
    /// The escape sequence that begins it (ECMA-48 SGR, the eight basic colours); empty when there is nothing to begin.
    pub const fn begin(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "\u{1b}[2m",
            Self::Strong => "\u{1b}[1m",
            Self::Chosen => "\u{1b}[7m",
            Self::Prompt => "\u{1b}[34m",
            Self::Reply => "\u{1b}[36m",
            Self::Tool => "\u{1b}[33m",
            Self::Good => "\u{1b}[32m",
            Self::Bad => "\u{1b}[31m",
        }
    }

    /// The escape sequence that ends every one of them.
    pub const END: &'static str = "\u{1b}[0m";

    /// A text in this ink. The text must be harmless already.
    pub fn paint(self, text: &str) -> String {
        match self.begin() {
            "" => text.to_owned(),
            begin => format!("{begin}{text}{}", Self::END),
        }
    }
}
