//! Where captured events go.

use crate::trace::Event;

/// Takes events of the run that is being recorded. The sink gives them their `seq`, stage and attempt, and, where they
/// have none, their time; it masks secrets before anything is kept. Recording never fails the observed run: a sink that
/// cannot write says so once as a warning and drops nothing that it can still keep.
pub trait EventSink: Send + Sync {
    /// Takes an event, in the order in which they happened.
    fn record(&self, event: Event);
    /// Says something that the user should know.
    fn warn(&self, text: String);
    /// Whether a budget is used up, and whoever watches it is about to end what is observed; `None` when nothing is limited.
    fn is_exhausted(&self) -> Option<bool> {
        None
    }
}
