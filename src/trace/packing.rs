//! How small a trace file gets, and what that costs.
//!
//! [`Packing::Fast`] keeps pace with the reading of logs. [`Packing::Small`] takes the time that the strongest packers
//! take, and looks for repeats eight times as far. Rows, and so the hashes of runs, are the same.

use super::schema::{counts_on, is_identifier, is_long_text};
use super::{COLUMNS, TOOL_VERSION};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

/// How much work goes into the size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Packing {
    /// As fast as logs are read.
    #[default]
    Fast,
    /// As small as zstd makes it, at some megabytes per second: for what is kept for long.
    Small,
}

impl Packing {
    /// What a flag `--small` asks for.
    pub fn asked(small: bool) -> Self {
        if small { Self::Small } else { Self::Fast }
    }

    /// How the footer of a file calls it; the fast one is not named.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Fast => None,
            Self::Small => Some("small"),
        }
    }

    /// The packing of that name. A name that is not known is that of a later release: nothing says that it is small.
    pub(super) fn named(name: Option<&str>) -> Self {
        if name == Self::Small.name() { Self::Small } else { Self::Fast }
    }

    fn level(self) -> ZstdLevel {
        let level = match self {
            Self::Fast => 1,
            Self::Small => 19,
        };
        ZstdLevel::try_new(level).unwrap_or_default()
    }

    /// Bytes of a page of long text. What repeats is found within a page, and one text is read by unpacking its page.
    const fn text_page_bytes(self) -> usize {
        match self {
            Self::Fast => 1 << 20,
            Self::Small => 8 << 20,
        }
    }

    /// Dictionaries where values repeat: not of identifiers, of which the dictionary is the whole column over again, nor of
    /// numbers that count on, which are stored as steps. No statistics of long text, which would repeat it.
    pub(super) fn properties(self) -> WriterProperties {
        let mut properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(format!("ramptrace {TOOL_VERSION}"))
            .set_compression(Compression::ZSTD(self.level()))
            .set_data_page_size_limit(self.text_page_bytes())
            .set_max_row_group_row_count(None)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_sorting_columns(Some(vec![sorted_by("run_id"), sorted_by("seq")]));
        for column in COLUMNS {
            let path = || ColumnPath::from(column.name);
            if is_long_text(column) {
                properties = properties
                    .set_column_dictionary_enabled(path(), false)
                    .set_column_statistics_enabled(path(), EnabledStatistics::None);
            } else if is_identifier(column) {
                properties = properties.set_column_dictionary_enabled(path(), false);
            } else if counts_on(column) {
                properties = properties
                    .set_column_dictionary_enabled(path(), false)
                    .set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED);
            }
        }
        properties.build()
    }
}

fn sorted_by(name: &str) -> SortingColumn {
    let index = COLUMNS.iter().position(|c| c.name == name).unwrap_or_default();
    SortingColumn {
        column_idx: i32::try_from(index).unwrap_or_default(),
        descending: false,
        nulls_first: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Event, Kind, Packing, RunFacts, Timestamp, TraceReader, TraceWriter, compare_files,
        read_footer,
    };
    use std::path::{Path, PathBuf};

    /// Texts of which the second half repeats the first, farther away than a page of the fast packing is long.
    fn events() -> Vec<Event> {
        let text = |n: u64| {
            let words: Vec<String> = (3..303).map(|i| format!("{:x}", n * 7919 * i)).collect();
            words.join(" ")
        };
        (0..1400_i64)
            .map(|seq| {
                let mut event = Event::new(Kind::Message);
                event.seq = seq;
                event.event_id = Some(format!("message-{seq}"));
                event.ts = (seq % 9 > 0)
                    .then(|| Timestamp::from_micros(1_700_000_000_000_000 + seq * 977));
                event.offset_us = event.ts.map(|_| seq * 977);
                event.content = Some(text(seq.unsigned_abs() % 700));
                event
            })
            .collect()
    }

    fn written(folder: &Path, name: &str, packing: Packing) -> PathBuf {
        let path = folder.join(name);
        let run = RunFacts { run_id: "r".to_owned(), ..RunFacts::default() };
        let mut writer = TraceWriter::create_packed(&path, packing).unwrap();
        for event in events() {
            writer.write(&run, &event).unwrap();
        }
        writer.finish(false).unwrap();
        path
    }

    #[test]
    fn a_small_file_holds_the_same_rows_in_less() {
        let folder = tempfile::tempdir().unwrap();
        let fast = written(folder.path(), "fast.parquet", Packing::Fast);
        let small = written(folder.path(), "small.parquet", Packing::Small);
        assert!(compare_files(&fast, &small).unwrap().columns.is_empty());
        let hashes = |path| {
            read_footer(path).unwrap().runs.iter().map(|r| r.sha256.clone()).collect::<Vec<_>>()
        };
        assert_eq!(hashes(&fast), hashes(&small));
        let bytes = |path| std::fs::metadata(path).unwrap().len();
        assert!(bytes(&small) * 3 < bytes(&fast) * 2, "{} {}", bytes(&small), bytes(&fast));
        let mut window = TraceReader::open_window(&small, 1300..1302).unwrap();
        let (_, event) = window.next().unwrap().unwrap();
        assert_eq!(event, events()[1300]);
    }
}
