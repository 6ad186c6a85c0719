//! Locks from the kernel's trace of the server's calls.

use super::*;

/// The trace, whole.
fn traced(sample: &mut Sample, locks: &[KernelLock]) {
    sample.event(Event::KernelTraceStarted(KernelTraceStarted { error: None }));
    for lock in locks {
        sample.event(Event::KernelLock(lock.clone()));
    }
    sample.event(Event::KernelTraceEnded(KernelTraceEnded { calls: 900, lost: 0, error: None }));
}

fn call(sample: &Sample, pid: i32, lock: HeldLock, times_ms: (f64, Option<f64>, Option<f64>)) -> KernelLock {
    let (requested_ms, granted_ms, released_ms) = times_ms;
    KernelLock {
        pid,
        lock,
        requested_us: sample.us(requested_ms),
        granted_us: granted_ms.map(|ms| sample.us(ms)),
        released_us: released_ms.map(|ms| sample.us(ms)),
    }
}

#[test]
fn the_kernels_word_is_taken_for_everything() {
    let mut sample = sample();
    sample.at(1.0).begin().at(2.0).send("s", StatementTransaction::File).at(100.0).done();
    sample.at(101.0).reads(&[SHARE]).at(110.0).commit(105.0);
    let locks = [
        call(&sample, LEADER, SHARE, (2.5, Some(2.501), Some(105.3))),
        call(&sample, LEADER, WEAK, (3.0, Some(3.001), Some(3.004))),
        call(&sample, LEADER, EXCLUSIVE, (4.0, Some(54.0), Some(60.0))),
        call(&sample, WORKER, SHARE, (5.0, Some(5.001), Some(50.0))),
    ];
    traced(&mut sample, &locks);
    check(
        &sample,
        &[
            "users Share #0 2.501..105.3 held 102.799-0 Kernel",
            "users ShareUpdateExclusive #0 3.001..3.004 held 0.003-0 Kernel",
            "users AccessExclusive #0 waited 50-0 from 4 54..60 held 6-0 Kernel",
        ],
    );
    assert_eq!(contradictions(&sample), 0);
}

#[test]
fn a_lock_that_the_kernel_does_not_know_is_a_contradiction() {
    let mut sample = sample();
    sample.at(1.0).begin().at(2.0).send("s", StatementTransaction::File).at(100.0).done();
    sample.at(101.0).reads(&[SHARE]).at(110.0).commit(105.0);
    traced(&mut sample, &[]);
    assert_eq!(contradictions(&sample), 1);
}

#[test]
fn a_trace_with_gaps_is_not_believed_and_said() {
    let mut sample = sample();
    sample.at(1.0).begin().at(2.0).send("s", StatementTransaction::File).at(100.0).done();
    sample.at(101.0).reads(&[SHARE]).at(110.0).commit(105.0);
    sample.event(Event::KernelTraceStarted(KernelTraceStarted { error: None }));
    sample.event(Event::KernelTraceEnded(KernelTraceEnded { calls: 900, lost: 7, error: None }));
    check(&sample, &["users Share #0 2..110 held 108-103 Session"]);
    let warnings = sample.report().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("7 lock calls were lost")), "{warnings:?}");
    let mut sample = self::sample();
    let error = Some("only root may set the kernel's probes".to_owned());
    sample.event(Event::KernelTraceStarted(KernelTraceStarted { error }));
    let warnings = sample.report().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("only root may")), "{warnings:?}");
}
