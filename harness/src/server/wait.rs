//! Running a short program with a deadline.

use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs `command` without input and gives what it printed; kills it after `deadline`.
///
/// # Errors
/// Those of starting it, and [`io::ErrorKind::TimedOut`].
pub(super) fn output_within(command: &mut Command, deadline: Duration) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Read on threads of their own, so that a full pipe cannot stop the program.
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > deadline {
            child.kill()?;
            child.wait()?;
            let seconds = deadline.as_secs();
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {seconds} s")));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ok(Output {
        status,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    })
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read is what is shown.
            drop(pipe.read_to_end(&mut bytes));
        }
        bytes
    })
}
