//! Schemas as teams have them.

use crate::stage::Stage;

/// In the manner of `pg_dump --schema-only`.
const DUMP: &str = r#"--
-- PostgreSQL database dump
--
\restrict 0123456789abcdef

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

CREATE SCHEMA app;
ALTER SCHEMA app OWNER TO shop_owner;

CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE app.mood OWNER TO shop_owner;

CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now(); -- a ; in a body
  RAISE EXCEPTION 'triggers do not fire while rows are loaded';
END;
$$;
ALTER FUNCTION app.touch() OWNER TO shop_owner;

CREATE TABLE app.orgs (
    id integer NOT NULL,
    name character varying(60) NOT NULL
);
ALTER TABLE app.orgs OWNER TO postgres;

CREATE TABLE app.everything (
    id bigint NOT NULL,
    org_id integer,
    a_smallint smallint NOT NULL,
    a_numeric numeric(12,2) NOT NULL,
    a_real real NOT NULL,
    a_double double precision NOT NULL,
    a_boolean boolean NOT NULL,
    a_char character(8) NOT NULL,
    a_varchar character varying(20) NOT NULL,
    a_date date NOT NULL,
    a_timestamp timestamp without time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    a_uuid uuid NOT NULL,
    a_json json NOT NULL,
    a_jsonb jsonb NOT NULL,
    a_bytea bytea NOT NULL,
    a_mood app.mood NOT NULL,
    code text NOT NULL,
    doubled bigint GENERATED ALWAYS AS ((id * 2)) STORED,
    CONSTRAINT positive CHECK ((id > 0))
);
ALTER TABLE app.everything OWNER TO shop_owner;

CREATE SEQUENCE app.everything_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER TABLE app.everything_id_seq OWNER TO shop_owner;
ALTER SEQUENCE app.everything_id_seq OWNED BY app.everything.id;
ALTER TABLE ONLY app.everything ALTER COLUMN id SET DEFAULT nextval('app.everything_id_seq'::regclass);
ALTER TABLE app.orgs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME app.orgs_id_seq
    START WITH 1
);

ALTER TABLE ONLY app.orgs ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY app.everything ADD CONSTRAINT everything_pkey PRIMARY KEY (id);
ALTER TABLE ONLY app.everything ADD CONSTRAINT everything_code_key UNIQUE (code);
CREATE INDEX everything_updated ON app.everything USING btree (updated_at);
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON app.everything FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE ONLY app.everything
    ADD CONSTRAINT everything_org_fkey FOREIGN KEY (org_id) REFERENCES app.orgs(id);

GRANT SELECT ON TABLE app.everything TO reporting;

\unrestrict 0123456789abcdef
"#;

/// What must hold after the load; an ASSERT that does not fails the rehearsal.
const CHECKS: &str = "\
DO $$ BEGIN
  ASSERT (SELECT count(*) FROM app.everything) = 3000;
  ASSERT (SELECT count(*) FROM app.orgs) = 50;
  ASSERT (SELECT count(DISTINCT code) FROM app.everything) = 3000, 'unique';
  ASSERT (SELECT bool_and(doubled = id * 2) FROM app.everything), 'generated column';
  ASSERT NOT EXISTS (SELECT FROM app.everything e LEFT JOIN app.orgs o ON o.id = e.org_id
                     WHERE e.org_id IS NOT NULL AND o.id IS NULL), 'foreign key';
  ASSERT (SELECT count(DISTINCT a_mood) FROM app.everything) = 3, 'enum labels';
  ASSERT nextval('app.everything_id_seq') = 3001, 'serial goes on';
  ASSERT (SELECT bool_and(indisvalid AND indisready) FROM pg_index), 'indexes are as defined';
  ASSERT (SELECT bool_and(convalidated) FROM pg_constraint), 'constraints are as defined';
  ASSERT (SELECT tgenabled = 'O' FROM pg_trigger WHERE tgname = 'touch'), 'trigger is as defined';
  ASSERT (SELECT relhastriggers FROM pg_class WHERE oid = 'app.everything'::regclass), 'trigger is awake';
  ASSERT (SELECT relpages > 0 AND reltuples = 3000 FROM pg_class WHERE oid = 'app.everything'::regclass), 'analysed';
END $$;
INSERT INTO app.orgs (name) VALUES ('next');
DO $$ BEGIN ASSERT (SELECT max(id) FROM app.orgs) = 51, 'identity goes on'; END $$;
ALTER TABLE app.everything ADD COLUMN x int;
ALTER TABLE app.orgs ADD COLUMN x int;
";

#[test]
fn a_dump_is_loaded_as_it_is_written() {
    let stage = Stage::with_steps(&[("check", CHECKS)]);
    stage.file("schema.sql", DUMP);
    stage
        .file("profile.toml", "[tables.\"app.everything\"]\nrows = 3000\n[tables.\"app.orgs\"]\nrows = 50\n");
    stage.run(&[]).expect_code(0);
    stage.assert_nothing_left();
}

#[test]
fn constraints_wake_up_after_the_load() {
    let stage = Stage::with_steps(&[
        ("trigger", "INSERT INTO app.everything (id) VALUES (1);\n"),
        (
            "key",
            "ALTER TABLE app.everything DISABLE TRIGGER touch;\nUPDATE app.everything SET org_id = -5;\n",
        ),
    ]);
    stage.file("schema.sql", DUMP);
    stage.file("profile.toml", "[tables.\"app.everything\"]\nrows = 300\n[tables.\"app.orgs\"]\nrows = 50\n");
    stage.run(&[]).expect_code(1);
    let report = stage.report();
    let error = |strategy: usize, statement: usize| {
        report["strategies"][strategy]["rehearsals"][0]["statements"][statement]["error"]["sqlstate"].clone()
    };
    assert_eq!(error(0, 0), "P0001", "{report:#}");
    assert_eq!(error(1, 1), "23503", "{report:#}");
}

/// What a dump has that only a superuser may own, roles that it makes itself, and sequences that no column owns.
#[test]
fn owners_and_sequences_that_are_out_of_the_ordinary() {
    let stage = Stage::with_steps(&[(
        "check",
        "DO $$ BEGIN
  ASSERT (SELECT count(*) FROM one) = 300 AND (SELECT count(*) FROM two) = 500;
  ASSERT nextval('shared') = 501, 'goes on after the greatest of both tables';
  ASSERT nextval('high_id_seq') = 1000, 'starts above its rows';
  ASSERT nextval('down_id_seq') = -1, 'counts down';
  ASSERT (SELECT count(DISTINCT lower(email)) FROM one) = 300;
  ASSERT NOT EXISTS (SELECT FROM pg_roles WHERE rolsuper AND rolname IN (current_user, 'postgres')), 'no superuser';
END $$;
DROP EVENT TRIGGER watch;
ALTER TABLE two ADD COLUMN x int;
",
    )]);
    stage.file(
        "schema.sql",
        "CREATE ROLE team;
CREATE SCHEMA old;
CREATE TABLE old.one (id int) PARTITION BY LIST (id);
CREATE SEQUENCE shared;
CREATE TABLE one (id bigint PRIMARY KEY DEFAULT nextval('shared'), email text NOT NULL);
CREATE UNIQUE INDEX ON one (lower(email));
CREATE TABLE two (id bigint PRIMARY KEY DEFAULT nextval('shared'));
ALTER TABLE two OWNER TO team;
CREATE TABLE high (id int GENERATED ALWAYS AS IDENTITY (START 1000 MINVALUE 1000) PRIMARY KEY);
CREATE TABLE down (id int GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1) PRIMARY KEY);
CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION seen();
ALTER EVENT TRIGGER watch OWNER TO postgres;
SET client_min_messages = error;
CREATE PUBLICATION everything FOR ALL TABLES;
ALTER PUBLICATION everything OWNER TO postgres;
",
    );
    let tables = [("two", 500), ("one", 300), ("high", 20), ("down", 20)];
    let profile: String =
        tables.iter().map(|(name, rows)| format!("[tables.{name}]\nrows = {rows}\n")).collect();
    stage.file("profile.toml", &profile);
    stage.run(&[]).expect_code(0);
    stage.assert_nothing_left();
}

/// Types, partitions and rules that a dump may have, in two schemas.
const EVERYTHING: &str = "\
CREATE SCHEMA sales;
CREATE TYPE sales.address AS (street text, zip char(5), floor int);
CREATE DOMAIN sales.percent AS numeric(5,2) CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE TYPE sales.state AS ENUM ('new', 'paid', 'sent');
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE sales.types (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tags text[] NOT NULL, numbers int[] NOT NULL, period daterange NOT NULL, span int8range NOT NULL,
    host inet NOT NULL, net cidr NOT NULL, mac macaddr NOT NULL, lasts interval NOT NULL, at time NOT NULL, atz timetz NOT NULL,
    words tsvector NOT NULL, bytes bytea NOT NULL, home sales.address NOT NULL, share sales.percent NOT NULL,
    state sales.state NOT NULL, flags bit(8) NOT NULL, spot point NOT NULL, doc xml NOT NULL, price money NOT NULL,
    letter \"char\" NOT NULL, nm name NOT NULL, ref oid NOT NULL,
    qty int NOT NULL CHECK (qty BETWEEN 1 AND 9), kind text NOT NULL CHECK (kind IN ('a', 'b')),
    low int NOT NULL, high int NOT NULL, CHECK (low <= high),
    total numeric GENERATED ALWAYS AS (qty * 2) STORED);
CREATE INDEX ON sales.types USING gin (words);
CREATE INDEX ON sales.types USING gin (kind gin_trgm_ops);
CREATE FUNCTION sales.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fired'; END $$;
CREATE TRIGGER always BEFORE INSERT ON sales.types FOR EACH ROW EXECUTE FUNCTION sales.no();
ALTER TABLE sales.types ENABLE ALWAYS TRIGGER always;
ALTER TABLE sales.types ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON sales.types USING (false);
CREATE TABLE public.by_range (id bigint, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE public.by_range_1 PARTITION OF by_range FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.by_range_2 PARTITION OF by_range FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE public.by_list (id bigserial, state sales.state NOT NULL) PARTITION BY LIST (state);
CREATE TABLE public.by_list_1 PARTITION OF by_list FOR VALUES IN ('new');
CREATE TABLE public.by_list_2 PARTITION OF by_list FOR VALUES IN ('paid', 'sent');
CREATE TABLE public.by_hash (id uuid PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE public.by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE public.by_hash_2 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE public.nested (id bigint, day date NOT NULL, region text NOT NULL) PARTITION BY LIST (region);
CREATE TABLE public.nested_eu PARTITION OF nested FOR VALUES IN ('eu') PARTITION BY RANGE (day);
CREATE TABLE public.nested_eu_1 PARTITION OF nested_eu FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE public.nested_eu_2 PARTITION OF nested_eu DEFAULT;
CREATE TABLE public.nested_us PARTITION OF nested FOR VALUES IN ('us');
CREATE TABLE public.ruled (id int PRIMARY KEY);
ALTER TABLE public.ruled ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ruled FORCE ROW LEVEL SECURITY;
CREATE RULE never AS ON INSERT TO public.ruled DO INSTEAD NOTHING;
CREATE VIEW sales.recent AS SELECT id FROM sales.types WHERE qty > 3;
CREATE MATERIALIZED VIEW sales.sums AS SELECT kind, count(*) AS n FROM sales.types GROUP BY kind WITH NO DATA;
";

const EVERYTHING_PROFILE: &str = "\
[tables.\"sales.types\"]
rows = 3_000
[tables.\"sales.types\".columns.tags]
elem_count_histogram = [0, 2, 5]
[tables.by_range]
rows = 4_000
[tables.by_list]
rows = 3_000
[tables.by_list.columns.state]
most_common = { new = 0.2, paid = 0.5, sent = 0.3 }
[tables.by_hash]
rows = 2_000
[tables.nested]
rows = 2_000
[tables.nested.columns.region]
most_common = { eu = 0.75, us = 0.25 }
[tables.ruled]
rows = 500
";

const EVERYTHING_CHECKS: &str = "\
DO $$ BEGIN
  ASSERT (SELECT count(*) FROM public.by_range_1) > 1000 AND (SELECT count(*) FROM public.by_range_2) > 1000, 'range';
  ASSERT (SELECT count(*) FROM public.by_list_1) = 600 AND (SELECT count(*) FROM public.by_list_2) = 2400, 'list';
  ASSERT (SELECT count(*) FROM public.by_hash_1) + (SELECT count(*) FROM public.by_hash_2) = 2000, 'hash';
  ASSERT (SELECT count(*) FROM public.nested_us) = 500, 'list of lists';
  ASSERT (SELECT count(*) FROM public.nested_eu_1) + (SELECT count(*) FROM public.nested_eu_2) = 1500, 'ranges in a list';
  ASSERT (SELECT reltuples FROM pg_class WHERE oid = 'public.ruled'::regclass) = 500, 'rules do not fire';
  ASSERT (SELECT tgenabled = 'A' FROM pg_trigger WHERE tgname = 'always'), 'the trigger is as defined';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'public.ruled'::regclass), 'row security';
  ASSERT (SELECT reltuples = 3000 FROM pg_class WHERE oid = 'sales.types'::regclass), 'all types';
  ASSERT (SELECT relispopulated FROM pg_class WHERE oid = 'sales.sums'::regclass), 'materialized view';
  ASSERT (SELECT sum(n) = 3000 FROM sales.sums), 'materialized view has its rows';
  ASSERT to_regclass('sales.recent') IS NOT NULL, 'view';
END $$;
";

#[test]
fn types_partitions_and_rules_of_several_schemas() {
    let stage = Stage::with_steps(&[("check", EVERYTHING_CHECKS)]);
    stage.file("schema.sql", EVERYTHING);
    stage.file("profile.toml", EVERYTHING_PROFILE);
    let ended = stage.run(&["--strict-fidelity"]);
    ended.expect_code(0);
    assert!(ended.stdout.contains("Fidelity  all "), "{}", ended.stdout);
    stage.assert_nothing_left();
}
