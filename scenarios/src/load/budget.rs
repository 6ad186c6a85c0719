//! `[budget]`: the limits that a strategy must stay under.

use super::keys;
use super::toml_tree::Node;
use crate::scenario::{Budget, Limit};

pub(super) fn read(node: &Node<'_>) -> Option<Budget> {
    let table = node.table(&keys::BUDGET)?;
    let default = Budget::default();
    Some(Budget {
        read_stall: limit(table.get("read_stall").and_then(|node| node.duration()), default.read_stall),
        write_stall: limit(table.get("write_stall").and_then(|node| node.duration()), default.write_stall),
        duration: limit(table.get("duration").and_then(|node| node.duration_above_zero()), default.duration),
        probe_errors: limit(
            table.get("probe_errors").and_then(|node| node.integer(0..=i64::MAX as u64)),
            default.probe_errors,
        ),
        rewrite_allowed: limit(
            table.get("rewrite").and_then(|node| node.word(&[("allow", true), ("deny", false)])),
            default.rewrite_allowed,
        ),
        broken_rollback_allowed: limit(
            table.get("broken_rollback").and_then(|node| node.word(&[("allow", true), ("deny", false)])),
            default.broken_rollback_allowed,
        ),
        unmeasured_allowed: table
            .get("unmeasured")
            .and_then(|node| node.word(&[("fail", false), ("allow", true)]))
            .unwrap_or(default.unmeasured_allowed),
        wal_bytes: table.get("wal").and_then(|node| node.bytes()),
        disk_growth_bytes: table.get("disk_growth").and_then(|node| node.bytes()),
    })
}

fn limit<T>(declared: Option<T>, default: Limit<T>) -> Limit<T> {
    declared.map_or(default, |allowed| Limit { allowed, declared: true })
}
