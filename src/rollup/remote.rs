//! The rollup on a Spark Connect server: Spark itself, or an engine that speaks its protocol.
//!
//! The engine reads the events and writes the tables; only SQL and the paths of folders go over the wire. Events are
//! read once: their rows by run and stage are written beside the tables as `_stage_rows`, a name that readers pass over,
//! and both tables are made of those.

use super::remote_commands::Commands;
use super::{ROLLUP_RUNS_SQL, ROLLUP_SQL, RollupError};
use spark_connect::row::Value;
use spark_connect::{SparkError, SparkSession};
use spark_connect_core::channel::ChannelBuilder;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

/// The columns of a trace; without them an engine would take types from the names of folders.
const EVENTS_DDL: &str = include_str!("../../schemas/events_spark.ddl");
/// Rows of `rollup.sql` to the view `stages`.
const STAGES_VIEW_SQL: &str = include_str!("../../schemas/stages_view.sql");
/// Rows of `rollup_runs.sql` to the view `runs`.
const RUNS_VIEW_SQL: &str = include_str!("../../schemas/runs_view.sql");

/// The first run that has more rows than numbers for them.
const TWICE_SQL: &str = "SELECT MIN(run_id) AS run_id FROM \
    (SELECT run_id FROM stage_rows GROUP BY run_id HAVING SUM(events) > MAX(last_seq) + 1) AS twice";

/// What the session is told, whatever the defaults of the server: a sum that does not fit is an error, a file that cannot
/// be read is an error, times are UTC microseconds.
const SETTINGS: &[(&str, &str)] = &[
    ("spark.sql.session.timeZone", "UTC"),
    ("spark.sql.ansi.enabled", "true"),
    ("spark.sql.files.ignoreCorruptFiles", "false"),
    ("spark.sql.files.ignoreMissingFiles", "false"),
    ("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS"),
];

/// How long a connection may take. The client itself would go on trying for a quarter of an hour.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may take for its first answer.
const FIRST_ANSWER: Duration = Duration::from_mins(2);

/// How often a question is asked whose answer ends too soon.
const ASKED: usize = 5;

/// What an engine wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRollup {
    /// The version that the server gives for itself.
    pub version: String,
    /// Rows of `stages`.
    pub stages: i64,
    /// Rows of `runs`.
    pub runs: i64,
}

/// Rolls the events below `events_url` up into `out_url/stages` and `out_url/runs`, both as the engine sees them.
/// `remote` is the address of a Spark Connect server, `sc://host:port`, with `/;use_ssl=true;token=...` where it needs them.
pub fn roll_up_remote(
    remote: &str,
    events_url: &str,
    out_url: &str,
) -> Result<RemoteRollup, RollupError> {
    let (events, out) = places(events_url, out_url)?;
    let engine = Engine::connect(remote)?;
    let done = engine.roll_up(&events, &out);
    // The tables are written, or it is known why not: a session that cannot be closed ends by itself.
    let _ = engine.spark.stop();
    done
}

/// The two folders without slashes at their ends. Relative paths and tables among the events are refused.
fn places(events: &str, out: &str) -> Result<(String, String), RollupError> {
    let wrong = |problem: String, hint: &str| RollupError::Engine { problem, hint: hint.into() };
    let whole = |place: &str| {
        let trimmed = place.trim_end_matches('/');
        if place.starts_with('/') || place.contains("://") || place.starts_with("file:/") {
            return Ok(trimmed.to_owned());
        }
        Err(wrong(
            format!("`{place}` is neither a URL nor a whole path"),
            "the engine looks for it on its own machines: write file:///..., s3a://..., or a path from /",
        ))
    };
    let (events, out) = (whole(events)?, whole(out)?);
    let plain = |place: &str| -> String {
        place.trim_start_matches("file:").trim_start_matches('/').to_owned() + "/"
    };
    let tables = ["_stage_rows", "stages", "runs"].map(|t| plain(&format!("{out}/{t}")));
    if plain(&out).starts_with(&plain(&events))
        || tables.iter().any(|table| plain(&events).starts_with(table))
    {
        return Err(wrong(
            format!("the tables would be written among the events: {out}"),
            "choose a folder for -o that is not below that of --events",
        ));
    }
    Ok((events, out))
}

/// A session on a server.
struct Engine {
    spark: SparkSession,
    commands: Commands,
    version: String,
}

impl Engine {
    /// Opens a session and waits for the first answer.
    fn connect(remote: &str) -> Result<Self, RollupError> {
        // What stands after the first `;` may be a secret, and so may what the client says about it.
        let shown = remote.split(';').next().unwrap_or_default();
        let address = ChannelBuilder::parse(remote).map_err(|_| RollupError::Engine {
            problem: format!("`{shown}` is not the address of an engine, or what follows it is not `;name=value`"),
            hint: "it looks like sc://host:15002 or sc://host:443/;use_ssl=true;token=... (a `=` in a value is `%3D`)".into(),
        })?;
        let (endpoint, host) = (address.endpoint(), address.host().to_owned());
        let unreachable = |problem: String| RollupError::Engine {
            problem: format!("no engine answers at {endpoint}: {problem}"),
            hint: format!("is a Spark Connect server running on {host}, and is the port right?"),
        };
        reach(&endpoint).map_err(|e| unreachable(e.to_string()))?;
        let opened = SparkSession::builder().remote(remote).get_or_create();
        let spark = opened.map_err(failed("open a session"))?;
        let (sender, answer) = mpsc::channel();
        let asked = spark.clone();
        std::thread::spawn(move || sender.send(asked.version().map_err(|e| shortly(&e))).is_ok());
        let silence = || {
            let seconds = FIRST_ANSWER.as_secs();
            format!("nothing in {seconds} s; does it want use_ssl=true, or speak another protocol?")
        };
        let version = answer.recv_timeout(FIRST_ANSWER).unwrap_or_else(|_| Err(silence()));
        let version = version.map_err(unreachable)?;
        let commands = Commands::of(&address, spark.session_id());
        let commands = commands.map_err(|e| failed("open a session")(*e))?;
        Ok(Self { spark, commands, version })
    }

    fn roll_up(&self, events: &str, out: &str) -> Result<RemoteRollup, RollupError> {
        let (stage_rows, stages, runs) =
            (format!("{out}/_stage_rows"), format!("{out}/stages"), format!("{out}/runs"));
        for (key, value) in SETTINGS {
            self.spark.conf().set(key, value).map_err(failed("set up a session"))?;
        }
        let carried_out =
            |what, done: Result<(), Box<SparkError>>| done.map_err(|e| failed(what)(*e));
        // Every Parquet file below the folder, however it is partitioned: the folders repeat columns of the files.
        let options = [("recursiveFileLookup", "true"), ("pathGlobFilter", "*.parquet")];
        let trace = self.commands.view_of_files("events", events, Some(EVENTS_DDL), &options);
        carried_out("read the events", trace)?;
        carried_out("fold the events", self.commands.write(ROLLUP_SQL, &stage_rows))?;
        self.check_written(&stage_rows, events)?;
        let rows = self.commands.view_of_files("stage_rows", &stage_rows, None, &[]);
        carried_out("read what it wrote", rows)?;
        self.refuse_runs_that_are_there_twice(events)?;
        carried_out("fold stages", self.commands.view_of_query("run_rows", ROLLUP_RUNS_SQL))?;
        for (view, table) in [(STAGES_VIEW_SQL, &stages), (RUNS_VIEW_SQL, &runs)] {
            carried_out("write a table", self.commands.write(view, table))?;
            self.check_written(table, events)?;
        }
        Ok(RemoteRollup {
            version: self.version.clone(),
            stages: self.count("SELECT COUNT(*) AS n FROM stage_rows WHERE stage >= 0")?,
            runs: self.count("SELECT COUNT(*) AS n FROM run_rows")?,
        })
    }

    /// An engine reads every file. Here, a copy of a trace is read once; there, its numbers would double.
    fn refuse_runs_that_are_there_twice(&self, events: &str) -> Result<(), RollupError> {
        let Value::String(run) = self.answer(TWICE_SQL)? else { return Ok(()) };
        Err(RollupError::Engine {
            problem: format!("the store holds run {run} more than once"),
            hint: format!("`ramptrace store compact` leaves one copy of each run below {events}"),
        })
    }

    fn count(&self, query: &str) -> Result<i64, RollupError> {
        match self.answer(query)? {
            Value::Long(rows) => Ok(rows),
            other => Err(no_answer(&format!("{other:?} is no number of rows"))),
        }
    }

    /// The one value of a query that has one. A stream that ends early has none, which must not pass for an answer.
    fn answer(&self, query: &str) -> Result<Value, RollupError> {
        for _ in 0..ASKED {
            let rows = self.spark.sql(query).map_err(failed("plan a query"))?;
            let rows = rows.collect().map_err(failed("answer a query"))?;
            if let Some(value) = rows.first().and_then(|row| row.get(0)) {
                return Ok(value.clone());
            }
        }
        Err(no_answer("its answers end too soon"))
    }

    /// Some engines write no file for a table without rows, and find nothing wrong with a path where nothing is; both show as
    /// a table without columns.
    fn check_written(&self, path: &str, events: &str) -> Result<(), RollupError> {
        let table = self.spark.read().parquet(path);
        let columns = table.columns().map_err(failed("read what it wrote"))?;
        if columns.is_empty() {
            return Err(RollupError::Engine {
                problem: format!("the engine had no rows to write to {path}"),
                hint: format!("are there traces below {events}, where the engine looks for them?"),
            });
        }
        Ok(())
    }
}

fn no_answer(why: &str) -> RollupError {
    RollupError::Engine {
        problem: format!("the engine does not say what it wrote: {why}"),
        hint: "try again; its own log says more".into(),
    }
}

/// Whether something listens.
fn reach(endpoint: &str) -> std::io::Result<()> {
    let mut last = std::io::Error::other("the name has no address");
    for address in endpoint.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn failed(action: &'static str) -> impl Fn(SparkError) -> RollupError {
    move |error| RollupError::Engine {
        problem: format!("the engine cannot {action}: {}", shortly(&error)),
        hint: "its own log says more; paths are as the engine sees them".into(),
    }
}

/// The first line of what the engine says, without the trace of its calls.
fn shortly(error: &SparkError) -> String {
    let message = error.get_message();
    let line = message.lines().find(|l| !l.trim().is_empty()).unwrap_or("it does not say why");
    // Some errors name their class twice.
    let class = line.split_inclusive("] ").next().unwrap_or_default();
    let line = line.strip_prefix(class).filter(|rest| rest.starts_with(class)).unwrap_or(line);
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(events: &str, out: &str) -> String {
        places(events, out).unwrap_err().to_string()
    }

    #[test]
    fn tables_are_not_written_among_the_events() {
        for (events, out) in [
            ("/store", "/store"),
            ("/store/", "/store/rollup"),
            ("file:///store", "/store/out/"),
            ("s3a://b/store", "s3a://b/store/out"),
            ("/data/runs", "/data"),
            ("/data/stages/old", "/data/"),
        ] {
            let expected = format!(
                "the tables would be written among the events: {}",
                out.trim_end_matches('/')
            );
            assert_eq!(refused(events, out), expected, "{events} {out}");
        }
        for (events, out) in
            [("/store", "/store-rollup"), ("/data/events", "/data"), ("s3a://a/x", "s3a://b/x")]
        {
            assert_eq!(places(events, out).unwrap(), (events.to_owned(), out.to_owned()));
        }
    }

    #[test]
    fn a_relative_path_means_nothing_to_an_engine() {
        assert_eq!(refused("store", "/out"), "`store` is neither a URL nor a whole path");
        assert_eq!(refused("/store", "./out"), "`./out` is neither a URL nor a whole path");
    }

    #[test]
    fn an_address_that_is_none_is_refused_and_a_closed_port_is_named() {
        let wrong =
            |remote: &str| roll_up_remote(remote, "/store", "/out").unwrap_err().to_string();
        assert!(
            wrong("http://localhost:15002")
                .starts_with("`http://localhost:15002` is not the address of an engine")
        );
        assert!(wrong("sc://localhost:port").contains("is not the address of an engine"));
        let secret = wrong("sc://localhost/;token=c2VjcmV0==");
        assert!(
            secret.starts_with("`sc://localhost/` is not") && !secret.contains("c2Vj"),
            "{secret}"
        );
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(
            wrong(&format!("sc://{closed}")).starts_with(&format!("no engine answers at {closed}"))
        );
    }
}
