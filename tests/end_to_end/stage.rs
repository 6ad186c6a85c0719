//! Where a test plays: a scenario, a place for the server and one for the reports, all removed afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// No run of these tests takes as long; one that does hangs.
const DEADLINE: Duration = Duration::from_secs(240);

/// A directory with `scenario/`, `work/` (the server's) and `out/` (the reports).
pub(crate) struct Stage {
    dir: TempDir,
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stage {
    pub(crate) fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("pgr-test-").tempdir_in("/var/tmp").unwrap();
        // As root, the server runs as another user and has to get to its own directory, wherever TMPDIR is.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["scenario", "work"] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
        Self { dir }
    }

    /// A small scenario: table `users` (id, email, status), 2,000 rows, and these steps as its strategies.
    pub(crate) fn with_steps(steps: &[(&str, &str)]) -> Self {
        let stage = Self::empty();
        let mut toml =
            String::from("title = \"Test\"\nschema = \"schema.sql\"\nprofile = \"profile.toml\"\n");
        for (name, sql) in steps {
            toml.push_str(&format!("[[strategy]]\nname = \"{name}\"\nup = [\"{name}.sql\"]\n"));
            stage.file(&format!("{name}.sql"), sql);
        }
        stage.file("scenario.toml", &toml);
        stage.file(
            "schema.sql",
            "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, status text NOT NULL);\n",
        );
        stage.file("profile.toml", "[tables.users]\nrows = 2_000\n");
        stage
    }

    /// Writes a file of the scenario.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.scenario().join(name), text).unwrap();
    }

    /// Replaces text in a file of the scenario.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.scenario().join(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}:\n{text}");
        self.file(name, &text.replace(from, to));
    }

    pub(crate) fn scenario(&self) -> PathBuf {
        self.dir.path().join("scenario")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    /// The program with these arguments, in the stage's directory.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgrehearse"));
        command.args(args).current_dir(self.dir.path());
        command.env("PGREHEARSE_WORK_DIR", self.work()).env_remove("PGREHEARSE_PG_BIN");
        command
    }

    /// Runs the stage's scenario to its end, with no application beside the migrations.
    pub(crate) fn run(&self, more: &[&str]) -> Ended {
        let mut args = vec!["--no-workload"];
        args.extend(more);
        self.run_with_workload(&args)
    }

    /// Runs the stage's scenario to its end.
    pub(crate) fn run_with_workload(&self, more: &[&str]) -> Ended {
        self.run_scenario(self.scenario().to_str().unwrap(), more)
    }

    /// Runs a scenario, by its folder or its id, to its end.
    pub(crate) fn run_scenario(&self, scenario: &str, more: &[&str]) -> Ended {
        let out = self.out();
        let mut args = vec!["run", scenario, "--no-cache", "--out", out.to_str().unwrap()];
        args.extend(more);
        wait(self.command(&args))
    }

    /// Loads the data of a scenario to the end, and exits with 1 where it is not as declared.
    pub(crate) fn generate(&self, scenario: &str, more: &[&str]) -> Ended {
        let out = self.out();
        let mut args = vec!["generate", scenario, "--strict-fidelity", "--out", out.to_str().unwrap()];
        args.extend(more);
        wait(self.command(&args))
    }

    /// Starts the stage's scenario, with no application beside the migrations, and does not wait.
    pub(crate) fn start(&self, more: &[&str]) -> Started {
        let mut args = vec!["--no-workload"];
        args.extend(more);
        self.start_with_workload(&args)
    }

    /// Starts the stage's scenario and does not wait.
    pub(crate) fn start_with_workload(&self, more: &[&str]) -> Started {
        let scenario = self.scenario();
        let out = self.out();
        let mut args = vec!["run", scenario.to_str().unwrap(), "--no-cache", "--out", out.to_str().unwrap()];
        args.extend(more);
        self.spawn(self.command(&args), &out)
    }

    /// Starts a run whose reports go to `out`, and does not wait.
    pub(crate) fn spawn(&self, mut command: Command, out: &Path) -> Started {
        let stderr = fs::File::create(self.dir.path().join("stderr")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        Started {
            child: command.spawn().unwrap(),
            record: out.join("record.jsonl"),
            stderr: self.dir.path().join("stderr"),
        }
    }

    /// `report.json` of the last run.
    pub(crate) fn report(&self) -> Value {
        let text = fs::read_to_string(self.out().join("report.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The lines of the last run's record.
    pub(crate) fn record(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.out().join("record.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails where a process or a directory of the stage's servers is left.
    pub(crate) fn assert_nothing_left(&self) {
        let left: Vec<_> = fs::read_dir(self.work()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "left on the disk: {left:?}");
        let processes = processes_in(&self.work());
        assert!(processes.is_empty(), "left running: {processes:?}");
    }
}

/// Runs a command to its end.
pub(crate) fn wait(mut command: Command) -> Ended {
    let shown = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let pid = child.id();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(DEADLINE) else {
        let _ =
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.cast_signed()), nix::sys::signal::SIGKILL);
        panic!("did not end within {} s: {shown}", DEADLINE.as_secs());
    };
    let output = output.unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ended {
    /// Fails, showing everything, unless the program ended with `code`.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless stderr has all of `words`.
    #[track_caller]
    pub(crate) fn expect_stderr(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// A run that is still going on.
pub(crate) struct Started {
    child: Child,
    record: PathBuf,
    stderr: PathBuf,
}

impl Started {
    /// Waits until the record has a line with all of `words`.
    pub(crate) fn wait_for(&mut self, words: &[&str]) {
        let began = Instant::now();
        loop {
            let record = fs::read_to_string(&self.record).unwrap_or_default();
            if record.lines().any(|line| words.iter().all(|word| line.contains(word))) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended before {words:?}: {}\n{record}", self.stderr());
            assert!(began.elapsed() < DEADLINE, "no {words:?} in\n{record}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < DEADLINE, "did not end: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.is_running() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// Processes that have `dir` on their command line, zombies left out.
pub(crate) fn processes_in(dir: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "pid=,stat=,args="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let dir = dir.to_str().unwrap();
    text.lines().filter(|line| line.contains(dir) && line.contains("postgres")).map(str::to_owned).collect()
}
