//! Ctrl-C and its kin: the first asks runs to end in good order, the second ends agents at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether someone has asked runs to end.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<Asked>);

/// How often.
#[derive(Debug, Default)]
struct Asked {
    times: AtomicU32,
    /// Of these by SIGTERM or SIGHUP, of which a terminal does not tell our children.
    terminations: AtomicU32,
}

impl Interrupt {
    /// Listens to SIGINT, SIGTERM and SIGHUP from now on.
    pub fn listen() -> std::io::Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async move {
                use tokio::signal::unix::{SignalKind, signal};
                let listen = |kind| signal(kind);
                let (Ok(mut int), Ok(mut term), Ok(mut hup)) = (
                    listen(SignalKind::interrupt()),
                    listen(SignalKind::terminate()),
                    listen(SignalKind::hangup()),
                ) else {
                    return;
                };
                loop {
                    let terminated = tokio::select! {
                        _ = int.recv() => 0,
                        _ = term.recv() => 1,
                        _ = hup.recv() => 1,
                    };
                    heard.0.terminations.fetch_add(terminated, Ordering::AcqRel);
                    heard.ask();
                }
            });
        })?;
        Ok(interrupt)
    }

    /// Asks runs to end.
    pub fn ask(&self) {
        self.0.times.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether runs are to end.
    pub fn asked(&self) -> bool {
        self.0.times.load(Ordering::Acquire) > 0
    }

    /// How often the process was asked that a terminal does not ask its children.
    pub fn terminations(&self) -> u32 {
        self.0.terminations.load(Ordering::Acquire)
    }

    /// Whether they are to end at once.
    pub fn insists(&self) -> bool {
        self.0.times.load(Ordering::Acquire) > 1
    }
}
