//! One self-contained HTML page: findings, figures, tables, runs down to their events, claims, warnings, receipts.
//!
//! The page asks for nothing: no font, no script, no image from elsewhere, and a content security policy that forbids it.
//! Everything but the events of runs is plain markup that reads, prints and is searched without a script; the script adds
//! sorting, filters and the timelines. Events lie in the page as compressed blocks, one per run, which are unpacked when a
//! stage is opened, and shown a few hundred at a time.
//!
//! Text from a trace may be hostile. It becomes markup in one place (`markup`), as text that shows what would act or hide;
//! in the script it is only ever the text of a node.
//!
//! * `page`: what a page is made of
//! * `markup`: HTML that is being written, and the escapes
//! * `anchor`: names of places in the page
//! * `document`: the whole page, head to foot
//! * `findings`, `figures`, `tables`, `runs`, `receipts`: its sections
//! * `inks`: how figures turn dark
//! * `event_log`: the events of a run, packed
//! * `report.css`, `report.js`, `timeline.js`: how it looks, and what moves

mod anchor;
mod document;
mod event_log;
mod figures;
mod findings;
mod inks;
mod markup;
mod page;
mod receipts;
mod runs;
mod tables;
#[cfg(test)]
mod tests;

pub use document::html;
pub use event_log::{EventBlock, EventLog};
pub use page::{Page, PageFigure, RunSection, StageCause, StageSection, Warnings};
