use super::*;

fn kind_of(sql: &str) -> StatementKind {
    kind(&Words::of(sql, true))
}

#[test]
fn transaction_control() {
    use StatementKind::{Begin, Chain, Commit, NonTransactional, Rollback, Transactional};
    let cases = [
        ("BEGIN", Begin),
        ("begin work isolation level serializable, read only", Begin),
        ("START TRANSACTION", Begin),
        ("COMMIT", Commit),
        ("END WORK", Commit),
        ("commit and no chain", Commit),
        ("COMMIT TRANSACTION AND CHAIN", Chain),
        ("ROLLBACK AND CHAIN", Chain),
        ("ROLLBACK", Rollback),
        ("ABORT TRANSACTION", Rollback),
        ("ROLLBACK TO a", Transactional),
        ("ROLLBACK WORK TO SAVEPOINT a", Transactional),
        ("SAVEPOINT a", Transactional),
        ("RELEASE SAVEPOINT a", Transactional),
        ("PREPARE TRANSACTION 'a'", Commit),
        ("PREPARE transaction (int) AS SELECT $1", Transactional),
        ("PREPARE q AS SELECT 1", Transactional),
        ("COMMIT PREPARED 'a'", NonTransactional),
        ("ROLLBACK PREPARED 'a'", NonTransactional),
        ("SET TRANSACTION READ ONLY", Transactional),
    ];
    for (sql, expected) in cases {
        assert_eq!(kind_of(sql), expected, "{sql}");
    }
}

#[test]
fn cannot_run_in_a_transaction() {
    for sql in [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "create unique index concurrently if not exists i on t (a)",
        "CREATE /* x */ INDEX -- y\n CONCURRENTLY ON t (a)",
        "DROP INDEX CONCURRENTLY IF EXISTS i",
        "REINDEX INDEX CONCURRENTLY i",
        "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
        "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
        "REINDEX (CONCURRENTLY TRUE) TABLE t",
        "REINDEX SCHEMA public",
        "REINDEX (TABLESPACE x) DATABASE d",
        "REINDEX SYSTEM",
        "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
        "ALTER TABLE IF EXISTS ONLY s.p DETACH PARTITION \"S\".c concurrently",
        "VACUUM",
        "VACUUM (FULL, ANALYZE) t",
        "CLUSTER",
        "CLUSTER VERBOSE",
        "CLUSTER (VERBOSE)",
        "REPACK (CONCURRENTLY) t",
        "REPACK",
        "CREATE DATABASE d",
        "DROP DATABASE IF EXISTS d",
        "CREATE TABLESPACE s LOCATION '/x'",
        "DROP TABLESPACE s",
        "ALTER SYSTEM SET work_mem = '1GB'",
        "ALTER DATABASE d SET TABLESPACE s",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot, enabled = false)",
        "DROP SUBSCRIPTION s",
        "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
        "ALTER SUBSCRIPTION s ADD PUBLICATION p",
        "ALTER SUBSCRIPTION s SET (failover = true)",
        "DISCARD ALL",
        "DO $$BEGIN COMMIT; END$$",
        "DO LANGUAGE plpgsql $x$ BEGIN LOOP DELETE FROM t; ROLLBACK AND CHAIN; END LOOP; END $x$",
        "DO 'BEGIN PERFORM ''x''; COMMIT; END' LANGUAGE 'plpgsql'",
        "DO E'BEGIN\\n  IF true THEN commit; END IF;\\nEND'",
    ] {
        assert_eq!(kind_of(sql), StatementKind::NonTransactional, "{sql}");
    }
}

#[test]
fn may_run_in_a_transaction() {
    for sql in [
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX \"concurrently\" ON t (a)",
        "CREATE INDEX i ON t (a) -- CONCURRENTLY",
        "CREATE INDEX /* CONCURRENTLY */ i ON t (a)",
        "COMMENT ON INDEX i IS 'made with CREATE INDEX CONCURRENTLY'",
        "DROP INDEX i",
        "REINDEX TABLE t",
        "REINDEX INDEX \"concurrently\"",
        "REINDEX (CONCURRENTLY FALSE) TABLE t",
        "REINDEX (CONCURRENTLY = 'off') TABLE t",
        "REINDEX TABLE schema",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "ALTER TABLE p DETACH PARTITION c",
        "ALTER TABLE p DETACH PARTITION c FINALIZE",
        "ALTER TABLE p DETACH PARTITION \"concurrently\"",
        "ALTER TABLE t RENAME concurrently_done TO b",
        "ANALYZE t",
        "CLUSTER t",
        "CLUSTER VERBOSE t USING i",
        "REPACK t",
        "ALTER DATABASE d SET work_mem = '1GB'",
        "ALTER DATABASE d RENAME TO e",
        "ALTER TYPE e ADD VALUE 'x'",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (enabled=off, create_slot=off)",
        "ALTER SUBSCRIPTION s DISABLE",
        "ALTER SUBSCRIPTION s SET (slot_name = NONE)",
        "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
        "DISCARD PLANS",
        "CREATE TABLE vacuum_log ()",
        "SELECT 'VACUUM'",
        "EXPLAIN SELECT 1",
        "CALL p()",
        "DO $$BEGIN RAISE NOTICE 'COMMIT;'; -- COMMIT;\n END$$",
        "DO $$DECLARE commit int; BEGIN commit := 1; x := CASE WHEN a THEN commit ELSE rollback END; END$$",
        "DO $$BEGIN EXECUTE $x$ SELECT 1; COMMIT; $x$; END$$",
        "DO $$BEGIN SELECT rollback FROM t; END$$",
        "DO LANGUAGE plperl $$ BEGIN; COMMIT; $$",
        "DO",
    ] {
        assert_eq!(kind_of(sql), StatementKind::Transactional, "{sql}");
    }
}
