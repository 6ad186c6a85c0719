//! A server with the bundled table of users, as a rehearsal finds it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use pgrehearse::dataset::prepare::{self, DATASET_DATABASE, Planned, Recipe, Wanted};
use pgrehearse::display::Display;
use pgrehearse::events::Recorder;
use pgrehearse::postgres::{Connection, Endpoint, HOME_DATABASE};
use pgrehearse::server::discover::{Places, choose};
use pgrehearse::server::{LocalServer, Machine, WorkDir};
use pgrehearse_reports::event::ServerPurpose;
use pgrehearse_scenarios::Folder;

/// A loaded server. End it with [`LocalServer::tear_down`].
#[expect(clippy::allow_attributes, reason = "each bench needs another part")]
#[allow(dead_code, reason = "each bench needs another part")]
pub(crate) struct Loaded {
    pub(crate) server: LocalServer,
    pub(crate) endpoint: Endpoint,
    pub(crate) home: Connection,
    pub(crate) version_num: u32,
    pub(crate) recorder: Recorder,
    pub(crate) record: PathBuf,
    /// Where the bench may write.
    pub(crate) files: tempfile::TempDir,
    pub(crate) recipe: Recipe,
    pub(crate) planned: Planned,
}

pub(crate) async fn load(rows: u64) -> Loaded {
    let binaries = choose(&Places::of_this_machine(None), None).unwrap();
    let major = binaries.major;
    let mut server = LocalServer::create(binaries, &WorkDir::choose(None), BTreeMap::new()).await.unwrap();
    server.start(ServerPurpose::Load).await.unwrap();
    let endpoint = server.endpoint();
    let files = tempfile::tempdir().unwrap();
    let record = files.path().join("record.jsonl");
    let recorder = Recorder::start(&record, Display::new(true)).unwrap();
    let scenario =
        pgrehearse_scenarios::load(&Folder::find("index-without-downtime").unwrap()).unwrap().scenario;
    let rows = BTreeMap::from([("users".to_owned(), rows)]);
    let recipe = Recipe {
        scenario,
        seed: 42,
        scale: 1.0,
        rows,
        rows_otherwise: None,
        streams: Machine::here().cpus as usize,
    };
    let wanted = Wanted { recipe: &recipe, database: DATASET_DATABASE, disk: None };
    let events = recorder.events();
    let planned = prepare::prepare(&endpoint, &wanted, &events).await.unwrap();
    prepare::fill(&endpoint, major, &wanted, &planned, Instant::now(), &events).await.unwrap();
    let started = server.start(ServerPurpose::Rehearse).await.unwrap();
    let home = endpoint.connect_as_superuser(HOME_DATABASE, "bench").await.unwrap();
    let version_num = started.server_version_num;
    Loaded { server, endpoint, home, version_num, recorder, record, files, recipe, planned }
}
