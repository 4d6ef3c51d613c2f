//! The words and the numbers of every figure, one file per figure.
//!
//! A caption says what the marks mean, n, the gate, the cost basis and the interval method. A text for readers who
//! cannot see the figure says what there is to see. The numbers are those of the picture, one row per mark.

mod collapse;
mod price_shift;
