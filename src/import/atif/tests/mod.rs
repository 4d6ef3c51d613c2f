//! Trajectories, made and real.

mod hostile;
mod logs;
mod real;
mod runs;
mod steps;
