//! What a rule can look at: fields of single events, and numbers of a whole stage.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text or a word, matched by a pattern.
    Text,
    /// A number, held against limits.
    Number,
}

macro_rules! fields {
    ($($variant:ident = $word:literal, $holds:ident, $meaning:literal;)+) => {
        /// What a rule looks at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $(#[doc = $meaning] $variant,)+ }

        impl Field {
            /// Every field with its word, what it holds and its meaning.
            pub const WORDS: &'static [(Self, &'static str, Holds, &'static str)] =
                &[$((Self::$variant, $word, Holds::$holds, $meaning),)+];
        }
    };
}

fields! {
    LlmError = "llm_error", Text, "Type and message of a failed LLM call, as `type: message`. The first rule that matches takes the call.";
    ErrorEvent = "error_event", Text, "Type and message of an error outside calls, as `type: message`.";
    EndReason = "end_reason", Text, "Why the agent stopped working on the stage.";
    StageStatus = "stage_status", Text, "The status that the trace gives the stage.";
    ToolStatus = "tool_status", Text, "How a tool call ended.";
    ToolOutput = "tool_output", Text, "What a tool call returned.";
    LastMessage = "last_message", Text, "The agent's last words in the stage.";
    LastCommandOutput = "last_command_output", Text, "What the last command of the groups of `commands` returned.";
    GradeOutput = "grade_output", Text, "What the grader printed.";
    ExitCode = "exit_code", Number, "Exit code of a shell command.";
    TestsTotal = "tests_total", Number, "Tests that the grader ran.";
    TestsPassed = "tests_passed", Number, "Tests that passed.";
    TestsFailed = "tests_failed", Number, "Tests that did not pass.";
    Score = "score", Number, "Final score of the stage.";
    Graded = "graded", Number, "1 when the stage has a score, 0 when it has none; unknown for a stage that was not attempted.";
    AnsweredCalls = "answered_calls", Number, "Answered LLM calls; unknown for sources without single calls.";
    IdenticalActions = "identical_actions", Number, "Longest streak of one tool call.";
    IdenticalResults = "identical_results", Number, "Longest streak of one tool call with one result.";
    IdenticalErrors = "identical_errors", Number, "Longest streak of one tool call, each time with an error.";
    Monologue = "monologue", Number, "Most messages of the agent in a row.";
    Alternation = "alternation", Number, "Longest stretch of two tool calls with their results taking turns.";
    DuplicateRatio = "duplicate_ratio", Number, "Share of tool calls that had been made before.";
    BigramRepetition = "bigram_repetition", Number, "Share of pairs of tool calls that had been made before.";
}

impl Field {
    /// The word of the field.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(field, ..)| *field == self).map_or("", |(_, word, ..)| word)
    }

    /// The field of a word; `None` for a word that is not in the list.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w, ..)| *w == word).map(|(field, ..)| *field)
    }

    /// What it holds.
    pub fn holds(self) -> Holds {
        Self::WORDS.iter().find(|(field, ..)| *field == self).map_or(Holds::Text, |w| w.2)
    }

    /// Whether it is computed from the sequence of tool calls, of which commands may be exempt.
    pub fn is_repetition(self) -> bool {
        (Self::IdenticalActions..=Self::BigramRepetition).contains(&self)
    }

    /// Whether it is a share of tool calls, which needs a number of them to mean something.
    pub fn is_ratio(self) -> bool {
        matches!(self, Self::DuplicateRatio | Self::BigramRepetition)
    }

    /// Whether it is looked at once per tool call.
    pub fn is_of_tools(self) -> bool {
        matches!(self, Self::ToolOutput | Self::ToolStatus | Self::ExitCode)
    }

    /// Whether what is found in it may last until the end of the stage, or not.
    pub fn can_last(self) -> bool {
        self.is_of_tools() || self.is_repetition() || self == Self::ErrorEvent
    }

    /// Whether several events may match, or the number of tool calls matters.
    pub fn is_counted(self) -> bool {
        self.is_of_tools() || self.is_ratio() || matches!(self, Self::LlmError | Self::ErrorEvent)
    }
}
