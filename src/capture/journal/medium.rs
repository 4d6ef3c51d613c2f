//! What a journal is written on: a file, or, in tests, a disk that fills up and is emptied again.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

/// Something that can be appended to, cut, made durable, and read back.
pub(in crate::capture) trait Medium: Read + Write + Seek + Send {
    /// Cuts it to so many bytes.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
    /// Returns when everything that was written would survive a power loss.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A disk in memory with room for so many bytes.
#[cfg(test)]
pub(in crate::capture) mod fake {
    use super::Medium;
    use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Clone, Default)]
    pub(in crate::capture) struct FakeDisk {
        state: Arc<Mutex<State>>,
    }

    #[derive(Debug, Default)]
    struct State {
        bytes: Cursor<Vec<u8>>,
        room: usize,
    }

    impl FakeDisk {
        pub(in crate::capture) fn with_room(room: usize) -> Self {
            let disk = Self::default();
            disk.set_room(room);
            disk
        }

        pub(in crate::capture) fn set_room(&self, room: usize) {
            self.state.lock().unwrap().room = room;
        }

        pub(in crate::capture) fn contents(&self) -> Vec<u8> {
            self.state.lock().unwrap().bytes.get_ref().clone()
        }
    }

    impl Read for FakeDisk {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.state.lock().unwrap().bytes.read(buffer)
        }
    }

    impl Seek for FakeDisk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.state.lock().unwrap().bytes.seek(to)
        }
    }

    impl Write for FakeDisk {
        /// Writes what there is room for, as a full disk does.
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.state.lock().unwrap();
            let room = state.room.saturating_sub(usize::try_from(state.bytes.position()).unwrap());
            if room == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.bytes.write(&bytes[..room.min(bytes.len())])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Medium for FakeDisk {
        fn truncate(&mut self, bytes: u64) -> io::Result<()> {
            let bytes = usize::try_from(bytes).unwrap();
            self.state.lock().unwrap().bytes.get_mut().truncate(bytes);
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
