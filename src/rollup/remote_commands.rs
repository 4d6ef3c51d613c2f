//! Commands to an engine, waited for however long they take.
//!
//! A server ends the stream of its answers after some minutes and expects to be asked for the rest; the work goes on
//! meanwhile. The client's own commands take the end of a stream for the end of the work, so these ask until the server
//! says that the work is complete.

use spark_connect::SparkError;
use spark_connect_core::{
    ChannelBuilder, ExecutePlanResponseReattachableIterator as Attached, SparkConnectClient,
    block_on,
};
use spark_connect_proto as proto;
use std::time::Duration;

/// Pauses after a connection is lost, in seconds; then it is given up.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 16, 32];
/// What a connection that is lost is called in gRPC.
const UNAVAILABLE: i32 = 14;

/// The commands of one session.
pub(super) struct Commands {
    client: SparkConnectClient,
    session: String,
}

impl Commands {
    /// Those of a session that is open at an address.
    pub(super) fn of(address: &ChannelBuilder, session: &str) -> Result<Self, Box<SparkError>> {
        let mut address = address.clone();
        address.set("session_id", session);
        let client = block_on(SparkConnectClient::connect(&address))?;
        Ok(Self { client, session: session.to_owned() })
    }

    /// Gives a name to the Parquet files at `path`.
    pub(super) fn view_of_files(
        &self,
        name: &str,
        path: &str,
        columns: Option<&str>,
        options: &[(&str, &str)],
    ) -> Result<(), Box<SparkError>> {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let files = proto::read::DataSource {
            format: Some("parquet".to_owned()),
            schema: columns.map(str::to_owned),
            options: options.iter().map(pair).collect(),
            paths: vec![path.to_owned()],
            ..proto::read::DataSource::default()
        };
        let read_type = Some(proto::read::ReadType::DataSource(files));
        let read = proto::Read { read_type, ..proto::Read::default() };
        self.view(name, proto::relation::RelType::Read(read))
    }

    /// Gives a name to the rows of a query.
    pub(super) fn view_of_query(&self, name: &str, query: &str) -> Result<(), Box<SparkError>> {
        self.view(name, rows_of(query))
    }

    fn view(&self, name: &str, rows: proto::relation::RelType) -> Result<(), Box<SparkError>> {
        let view = proto::CreateDataFrameViewCommand {
            input: Some(relation(rows)),
            name: name.to_owned(),
            replace: true,
            ..proto::CreateDataFrameViewCommand::default()
        };
        self.carry_out(proto::command::CommandType::CreateDataframeView(view))
    }

    /// Replaces the Parquet table at `path` by the rows of a query.
    pub(super) fn write(&self, query: &str, path: &str) -> Result<(), Box<SparkError>> {
        use proto::write_operation::{SaveMode, SaveType};
        let operation = proto::WriteOperation {
            input: Some(relation(rows_of(query))),
            source: Some("parquet".to_owned()),
            mode: SaveMode::Overwrite.into(),
            options: [("compression".to_owned(), "zstd".to_owned())].into(),
            save_type: Some(SaveType::Path(path.to_owned())),
            ..proto::WriteOperation::default()
        };
        self.carry_out(proto::command::CommandType::WriteOperation(operation))
    }

    fn carry_out(&self, command: proto::command::CommandType) -> Result<(), Box<SparkError>> {
        let command = proto::Command { command_type: Some(command) };
        let plan = proto::Plan { op_type: Some(proto::plan::OpType::Command(command)) };
        block_on(self.complete(proto::ExecutePlanRequest {
            session_id: self.session.clone(),
            user_context: Some(proto::UserContext::default()),
            plan: Some(plan),
            ..proto::ExecutePlanRequest::default()
        }))
    }

    /// Runs a request until the server says that it is complete.
    async fn complete(&self, request: proto::ExecutePlanRequest) -> Result<(), Box<SparkError>> {
        let work = Attached::new(request);
        let mut answers = self.client.execute_plan(work.request().clone()).await?;
        let mut pauses = PAUSES.iter();
        loop {
            match answers.message().await {
                Ok(Some(answer)) => {
                    work.set_last_response_id(&answer).await;
                    pauses = PAUSES.iter();
                    continue;
                }
                Ok(None) if work.is_completed().await => return Ok(()),
                Ok(None) => {}
                Err(status) => pause(SparkError::from_grpc_status(status), &mut pauses).await?,
            }
            answers = loop {
                let rest = work.create_reattach_request().await;
                match self.client.reattach_execute(rest).await {
                    Ok(answers) => break answers,
                    Err(error) => pause(error, &mut pauses).await?,
                }
            };
        }
    }
}

fn rows_of(query: &str) -> proto::relation::RelType {
    let sql = proto::Sql { query: query.to_owned(), ..proto::Sql::default() };
    proto::relation::RelType::Sql(sql)
}

fn relation(rows: proto::relation::RelType) -> proto::Relation {
    proto::Relation { common: Some(proto::RelationCommon::default()), rel_type: Some(rows) }
}

/// Waits a while when a connection is lost; any other error is final.
async fn pause(
    error: SparkError,
    pauses: &mut std::slice::Iter<'_, u64>,
) -> Result<(), Box<SparkError>> {
    match pauses.next() {
        Some(seconds) if error.grpc_code() == Some(UNAVAILABLE) => {
            tokio::time::sleep(Duration::from_secs(*seconds)).await;
            Ok(())
        }
        _ => Err(Box::new(error)),
    }
}
