//! The kernel's tracing files: probes at functions of a program, and a buffer of our own that they report to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

const TRACEFS: &str = "/sys/kernel/tracing";
/// What begins the names of our probes and buffers; the process id follows.
const OURS: &str = "pgrehearse_";
/// Memory for what was not read yet, per processor.
const BUFFER_KIB: u32 = 8_192;

/// A probe: its name in the trace, where it is, and what it tells.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) name: &'static str,
    /// Offset in the program's file.
    pub(super) offset: u64,
    /// At the function's return instead of its entry.
    pub(super) at_return: bool,
    /// `name=source:type`, as the kernel's documentation of uprobes has it.
    pub(super) arguments: String,
}

/// Probes and their buffer; all gone when dropped.
#[derive(Debug)]
pub(super) struct Tracing {
    root: PathBuf,
    group: String,
    instance: PathBuf,
    probes: Vec<&'static str>,
    mounted: bool,
}

impl Tracing {
    /// Sets the probes at `program` and begins to trace, with times of `CLOCK_MONOTONIC`.
    ///
    /// # Errors
    /// In words, for people.
    pub(super) fn start(program: &Path, probes: &[Probe]) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !nix::unistd::geteuid().is_root() {
            return Err("only root may set the kernel's probes".to_owned());
        }
        let root = PathBuf::from(TRACEFS);
        if !root.is_dir() {
            return Err(format!("this kernel has no {TRACEFS}"));
        }
        let mounted = if root.join("uprobe_events").exists() {
            false
        } else {
            mount(Some("tracefs"), &root, Some("tracefs"), MsFlags::empty(), None::<&str>)
                .map_err(|error| format!("{TRACEFS} cannot be mounted: {error}"))?;
            true
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let group = format!("{OURS}{}_{number}", std::process::id());
        let instance = root.join("instances").join(&group);
        let mut tracing = Self { root, group, instance, probes: Vec::new(), mounted };
        if !tracing.root.join("uprobe_events").exists() {
            return Err("this kernel was built without uprobes".to_owned());
        }
        tracing.sweep();
        tracing.set_up(program, probes).map_err(|(what, error)| format!("{what}: {error}"))?;
        Ok(tracing)
    }

    fn set_up(&mut self, program: &Path, probes: &[Probe]) -> Result<(), (String, io::Error)> {
        let at = |what: &str| {
            let what = what.to_owned();
            move |error| (what, error)
        };
        fs::create_dir(&self.instance).map_err(at("no trace buffer of our own"))?;
        self.write("trace_clock", "mono").map_err(at("trace_clock"))?;
        self.write("buffer_size_kb", &BUFFER_KIB.to_string()).map_err(at("buffer_size_kb"))?;
        for probe in probes {
            let kind = if probe.at_return { 'r' } else { 'p' };
            let Probe { name, offset, arguments, .. } = probe;
            let line = format!("{kind}:{}/{name} {}:{offset:#x} {arguments}", self.group, program.display());
            self.change_probes(&line).map_err(at(&format!("no probe {name}")))?;
            self.probes.push(name);
            self.write(&format!("events/{}/{name}/enable", self.group), "1")
                .map_err(at("a probe stays off"))?;
        }
        Ok(())
    }

    /// What was traced, as text; reading never waits, and takes away what is read.
    pub(super) fn pipe(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(self.instance.join("trace_pipe"))
    }

    /// Traces nothing from now on; what was traced can still be read.
    pub(super) fn pause(&self) -> io::Result<()> {
        self.write("tracing_on", "0")
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.instance.join(file), text)
    }

    /// Adds or (`-:group/name`) removes a probe.
    fn change_probes(&self, line: &str) -> io::Result<()> {
        // Without O_APPEND the kernel would remove all probes, everybody's.
        let mut events = OpenOptions::new().append(true).open(self.root.join("uprobe_events"))?;
        events.write_all(format!("{line}\n").as_bytes())
    }

    /// Removes what processes that are gone have left.
    fn sweep(&self) {
        let is_left = |name: &str| {
            let pid = name.strip_prefix(OURS).and_then(|rest| rest.split('_').next());
            pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
        };
        let instances = fs::read_dir(self.root.join("instances")).into_iter().flatten().flatten();
        for instance in instances.filter(|entry| entry.file_name().to_str().is_some_and(is_left)) {
            // With its probes switched off they can go too.
            let _ = fs::remove_dir(instance.path());
        }
        let probes = fs::read_to_string(self.root.join("uprobe_events")).unwrap_or_default();
        for probe in probes.lines().filter_map(|line| line.split([':', ' ']).nth(1)) {
            if probe.split('/').next().is_some_and(is_left) {
                let _ = self.change_probes(&format!("-:{probe}"));
            }
        }
    }
}

impl Drop for Tracing {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        for name in &self.probes {
            let _ = self.write(&format!("events/{}/{name}/enable", self.group), "0");
        }
        let _ = fs::remove_dir(&self.instance);
        for name in &self.probes {
            let _ = self.change_probes(&format!("-:{}/{name}", self.group));
        }
        if self.mounted {
            let _ = umount2(&self.root, MntFlags::MNT_DETACH);
        }
    }
}
