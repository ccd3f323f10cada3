//! What Linux tells about the machine and about processes: time, processor, memory, disk.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs::read_to_string;
use std::time::{SystemTime, UNIX_EPOCH};

/// Ticks of `/proc` in a second: `USER_HZ`, 100 on every architecture that Linux supports here.
const TICKS: f64 = 100.0;

/// Microseconds since 1970: comparable between the processes of one run.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no domain time")]
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The processor's ticks since the machine started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ticks {
    all: f64,
    stolen: f64,
    worked: f64,
}

impl Ticks {
    /// As of now.
    pub(crate) fn read() -> Result<Self> {
        let stat = read_to_string("/proc/stat").context("/proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        let numbers: Vec<f64> = line.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0.0);
        // user, nice, system, idle, iowait, irq, softirq, steal; guest time is part of user time.
        // Interrupts count as work because a process's own ticks hold those that it was found in.
        let worked = [0, 1, 2, 5, 6].map(at).iter().sum();
        Ok(Self { all: numbers.iter().take(8).sum(), stolen: at(7), worked })
    }

    /// The share of all time since `self` that the machine lost: (to its host, to processes other
    /// than ours, whose own seconds are given).
    pub(crate) fn lost(self, own_seconds: f64) -> Result<(f64, f64)> {
        let now = Self::read()?;
        let all = (now.all - self.all).max(1.0);
        let others = now.worked - self.worked - own_seconds * TICKS;
        Ok(((now.stolen - self.stolen) / all, (others / all).max(0.0)))
    }
}

/// Seconds of processor time that a process has used, in user and system mode, in all its threads.
pub(crate) fn cpu_seconds(pid: &str) -> Result<f64> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).context("the process has ended")?;
    // The second field is the name in brackets and can hold anything.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() / TICKS)
}

/// A line of `/proc/PID/status` that is in kB, as megabytes.
pub(crate) fn memory_mb(pid: &str, key: &str) -> Result<f64> {
    let status = read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.unwrap_or(0.0) / 1024.0)
}

/// Bytes that a process has sent towards the disk.
pub(crate) fn written_bytes(pid: &str) -> Result<f64> {
    let io = read_to_string(format!("/proc/{pid}/io")).context("the process has ended")?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:"));
    Ok(line.and_then(|n| n.trim().parse().ok()).unwrap_or(0.0))
}

/// What a reader of the figures should know of the machine.
pub(crate) fn describe() -> Value {
    let first = |file: &str, key: &str| {
        let text = read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).map(str::to_owned);
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
    };
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "processor": first("/proc/cpuinfo", "model name"),
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": kernel.trim(),
    })
}
