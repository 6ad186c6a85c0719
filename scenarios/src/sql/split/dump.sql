--
-- PostgreSQL database dump
--

\restrict r2Kd0JbW7mQ1

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shop; Type: SCHEMA; Schema: -; Owner: shop_owner
--

CREATE SCHEMA shop;


ALTER SCHEMA shop OWNER TO shop_owner;

--
-- Name: SCHEMA shop; Type: COMMENT; Schema: -; Owner: shop_owner
--

COMMENT ON SCHEMA shop IS 'Orders; what was sold to whom. It''s ours.';


--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;


--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';


--
-- Name: email; Type: DOMAIN; Schema: shop; Owner: boss
--

CREATE DOMAIN shop.email AS text
	CONSTRAINT email_check CHECK ((VALUE ~ '^[^@;]+@[^@;]+$'::text));


ALTER DOMAIN shop.email OWNER TO boss;

--
-- Name: order_state; Type: TYPE; Schema: shop; Owner: boss
--

CREATE TYPE shop.order_state AS ENUM (
    'new',
    'paid; packed',
    'sent -- gone',
    'it''s back'
);


ALTER TYPE shop.order_state OWNER TO boss;

--
-- Name: grade(numeric); Type: FUNCTION; Schema: shop; Owner: boss
--

CREATE FUNCTION shop.grade(amount numeric) RETURNS text
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (amount > (100)::numeric) THEN
             CASE
                 WHEN (amount > (1000)::numeric) THEN 'gold;'::text
                 ELSE 'silver'::text
             END
             ELSE 'none'::text
         END AS "end";
END;


ALTER FUNCTION shop.grade(amount numeric) OWNER TO boss;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: users; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.users (
    id bigint NOT NULL,
    email shop.email NOT NULL,
    "full name; quoted" text DEFAULT 'back\slash; ''quoted'''::text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


ALTER TABLE shop.users OWNER TO shop_owner;

--
-- Name: COLUMN users.email; Type: COMMENT; Schema: shop; Owner: shop_owner
--

COMMENT ON COLUMN shop.users.email IS 'Index made with CREATE INDEX CONCURRENTLY; see ticket
-- not a comment /* nor this */';


--
-- Name: log_sale(integer); Type: PROCEDURE; Schema: shop; Owner: boss
--

CREATE PROCEDURE shop.log_sale(IN a integer)
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO shop.users (email)
   VALUES ('a@b'::text);
 DELETE FROM shop.users
   WHERE (users.id = log_sale.a);
END;


ALTER PROCEDURE shop.log_sale(IN a integer) OWNER TO boss;

--
-- Name: touch(); Type: FUNCTION; Schema: shop; Owner: boss
--

CREATE FUNCTION shop.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
BEGIN
  -- COMMIT; would be wrong here
  IF NEW.total IS NULL THEN RAISE EXCEPTION 'no total; %', $$nested; quote$$; END IF;
  EXECUTE 'ALTER TABLE x OWNER TO ghost';
  RETURN NEW;
END;
$_$;


ALTER FUNCTION shop.touch() OWNER TO boss;

--
-- Name: twice(integer); Type: FUNCTION; Schema: shop; Owner: boss
--

CREATE FUNCTION shop.twice(integer) RETURNS integer
    LANGUAGE sql
    RETURN ($1 * 2);


ALTER FUNCTION shop.twice(integer) OWNER TO boss;

--
-- Name: total(numeric); Type: AGGREGATE; Schema: shop; Owner: boss
--

CREATE AGGREGATE shop.total(numeric) (
    SFUNC = numeric_add,
    STYPE = numeric,
    INITCOND = '0'
);


ALTER AGGREGATE shop.total(numeric) OWNER TO boss;

--
-- Name: ===; Type: OPERATOR; Schema: shop; Owner: boss
--

CREATE OPERATOR shop.=== (
    FUNCTION = int4eq,
    LEFTARG = integer,
    RIGHTARG = integer
);


ALTER OPERATOR shop.=== (integer, integer) OWNER TO boss;

--
-- Name: bookings; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.bookings (
    room integer,
    during tstzrange
);


ALTER TABLE shop.bookings OWNER TO shop_owner;

--
-- Name: orders; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.orders (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    state shop.order_state DEFAULT 'new'::shop.order_state NOT NULL,
    total numeric(12,2) NOT NULL,
    vat numeric GENERATED ALWAYS AS ((total * 0.19)) STORED,
    ordered_on date NOT NULL,
    CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric))
)
PARTITION BY RANGE (ordered_on);


ALTER TABLE shop.orders OWNER TO shop_owner;

--
-- Name: orders_id_seq; Type: SEQUENCE; Schema: shop; Owner: shop_owner
--

CREATE SEQUENCE shop.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE shop.orders_id_seq OWNER TO shop_owner;

--
-- Name: orders_id_seq; Type: SEQUENCE OWNED BY; Schema: shop; Owner: shop_owner
--

ALTER SEQUENCE shop.orders_id_seq OWNED BY shop.orders.id;


--
-- Name: orders_2025; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.orders_2025 (
    id bigint DEFAULT nextval('shop.orders_id_seq'::regclass) NOT NULL,
    user_id bigint NOT NULL,
    state shop.order_state DEFAULT 'new'::shop.order_state NOT NULL,
    total numeric(12,2) NOT NULL,
    vat numeric GENERATED ALWAYS AS ((total * 0.19)) STORED,
    ordered_on date NOT NULL,
    CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric))
);


ALTER TABLE shop.orders_2025 OWNER TO shop_owner;

--
-- Name: orders_default; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.orders_default (
    id bigint DEFAULT nextval('shop.orders_id_seq'::regclass) NOT NULL,
    user_id bigint NOT NULL,
    state shop.order_state DEFAULT 'new'::shop.order_state NOT NULL,
    total numeric(12,2) NOT NULL,
    vat numeric GENERATED ALWAYS AS ((total * 0.19)) STORED,
    ordered_on date NOT NULL,
    CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric))
);


ALTER TABLE shop.orders_default OWNER TO shop_owner;

--
-- Name: recent; Type: VIEW; Schema: shop; Owner: shop_owner
--

CREATE VIEW shop.recent WITH (security_barrier='true') AS
 SELECT o.id,
    u.email,
    ( SELECT count(*) AS count
           FROM shop.orders i
          WHERE (i.user_id = u.id)) AS n
   FROM (shop.orders o
     JOIN shop.users u ON ((u.id = o.user_id)))
  WHERE (o.ordered_on > (CURRENT_DATE - '7 days'::interval));


ALTER TABLE shop.recent OWNER TO shop_owner;

--
-- Name: totals; Type: MATERIALIZED VIEW; Schema: shop; Owner: shop_owner
--

CREATE MATERIALIZED VIEW shop.totals AS
 SELECT orders.user_id,
    sum(orders.total) AS total
   FROM shop.orders
  GROUP BY orders.user_id
  WITH NO DATA;


ALTER TABLE shop.totals OWNER TO shop_owner;

--
-- Name: users_id_seq; Type: SEQUENCE; Schema: shop; Owner: shop_owner
--

ALTER TABLE shop.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: orders_2025; Type: TABLE ATTACH; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders ATTACH PARTITION shop.orders_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');


--
-- Name: orders_default; Type: TABLE ATTACH; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders ATTACH PARTITION shop.orders_default DEFAULT;


--
-- Name: orders id; Type: DEFAULT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders ALTER COLUMN id SET DEFAULT nextval('shop.orders_id_seq'::regclass);


--
-- Data for Name: bookings; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.bookings (room, during) FROM stdin;
1	["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")
\.


--
-- Data for Name: orders_2025; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.orders_2025 (id, user_id, state, total, ordered_on) FROM stdin;
\.


--
-- Data for Name: orders_default; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.orders_default (id, user_id, state, total, ordered_on) FROM stdin;
\.


--
-- Data for Name: users; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.users (id, email, "full name; quoted", tags, created_at) FROM stdin;
1	a@example.org	Zoë\tTab; \\. end	{x,y;z}	2026-11-23 04:31:42.096384+00
2	b@example.org	\N	{}	2026-11-23 04:31:42.096384+00
3	c@example.org	\\.	{}	2026-11-23 04:31:42.096384+00
\.


--
-- Name: orders_id_seq; Type: SEQUENCE SET; Schema: shop; Owner: shop_owner
--

SELECT pg_catalog.setval('shop.orders_id_seq', 1, false);


--
-- Name: users_id_seq; Type: SEQUENCE SET; Schema: shop; Owner: shop_owner
--

SELECT pg_catalog.setval('shop.users_id_seq', 3, true);


--
-- Name: bookings bookings_room_during_excl; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.bookings
    ADD CONSTRAINT bookings_room_during_excl EXCLUDE USING gist (room WITH =, during WITH &&);


--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id, ordered_on);


--
-- Name: orders_2025 orders_2025_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders_2025
    ADD CONSTRAINT orders_2025_pkey PRIMARY KEY (id, ordered_on);


--
-- Name: orders_default orders_default_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders_default
    ADD CONSTRAINT orders_default_pkey PRIMARY KEY (id, ordered_on);


--
-- Name: users users_email_key; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.users
    ADD CONSTRAINT users_email_key UNIQUE (email);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: orders_state_idx; Type: INDEX; Schema: shop; Owner: shop_owner
--

CREATE INDEX orders_state_idx ON ONLY shop.orders USING btree (state) WHERE (state <> 'paid; packed'::shop.order_state);


--
-- Name: orders_2025_state_idx; Type: INDEX; Schema: shop; Owner: shop_owner
--

CREATE INDEX orders_2025_state_idx ON shop.orders_2025 USING btree (state) WHERE (state <> 'paid; packed'::shop.order_state);


--
-- Name: orders_default_state_idx; Type: INDEX; Schema: shop; Owner: shop_owner
--

CREATE INDEX orders_default_state_idx ON shop.orders_default USING btree (state) WHERE (state <> 'paid; packed'::shop.order_state);


--
-- Name: orders_2025_pkey; Type: INDEX ATTACH; Schema: shop; Owner: shop_owner
--

ALTER INDEX shop.orders_pkey ATTACH PARTITION shop.orders_2025_pkey;


--
-- Name: orders_2025_state_idx; Type: INDEX ATTACH; Schema: shop; Owner: shop_owner
--

ALTER INDEX shop.orders_state_idx ATTACH PARTITION shop.orders_2025_state_idx;


--
-- Name: orders_default_pkey; Type: INDEX ATTACH; Schema: shop; Owner: shop_owner
--

ALTER INDEX shop.orders_pkey ATTACH PARTITION shop.orders_default_pkey;


--
-- Name: orders_default_state_idx; Type: INDEX ATTACH; Schema: shop; Owner: shop_owner
--

ALTER INDEX shop.orders_state_idx ATTACH PARTITION shop.orders_default_state_idx;


--
-- Name: orders_stats; Type: STATISTICS; Schema: shop; Owner: boss
--

CREATE STATISTICS shop.orders_stats (dependencies) ON user_id, state FROM shop.orders;


ALTER STATISTICS shop.orders_stats OWNER TO boss;

--
-- Name: users no_delete; Type: RULE; Schema: shop; Owner: shop_owner
--

CREATE RULE no_delete AS
    ON DELETE TO shop.users DO INSTEAD ( UPDATE shop.users SET tags = '{deleted;}'::text[]
  WHERE (users.id = old.id);

 NOTIFY users_deleted;
);


--
-- Name: orders orders_touch; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER orders_touch BEFORE INSERT OR UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch();


--
-- Name: orders orders_user_id_fkey; Type: FK CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE shop.orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES shop.users(id) ON DELETE CASCADE;


--
-- Name: bookings; Type: ROW SECURITY; Schema: shop; Owner: shop_owner
--

ALTER TABLE shop.bookings ENABLE ROW LEVEL SECURITY;

--
-- Name: bookings own; Type: POLICY; Schema: shop; Owner: shop_owner
--

CREATE POLICY own ON shop.bookings TO "Shop Reader", shop_app USING ((room > 0));


--
-- Name: changes; Type: PUBLICATION; Schema: -; Owner: boss
--

CREATE PUBLICATION changes WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION changes OWNER TO boss;

--
-- Name: changes users; Type: PUBLICATION TABLE; Schema: shop; Owner: boss
--

ALTER PUBLICATION changes ADD TABLE ONLY shop.users;


--
-- Name: SCHEMA shop; Type: ACL; Schema: -; Owner: shop_owner
--

GRANT USAGE ON SCHEMA shop TO shop_app;
GRANT USAGE ON SCHEMA shop TO "Shop Reader";


--
-- Name: COLUMN users.id; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT(id) ON TABLE shop.users TO "Shop Reader";


--
-- Name: COLUMN users.email; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT(email) ON TABLE shop.users TO "Shop Reader";


--
-- Name: FUNCTION twice(integer); Type: ACL; Schema: shop; Owner: boss
--

REVOKE ALL ON FUNCTION shop.twice(integer) FROM PUBLIC;


--
-- Name: TABLE orders; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT ON TABLE shop.orders TO shop_app WITH GRANT OPTION;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: shop; Owner: shop_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop GRANT SELECT ON TABLES  TO "Shop Reader";


--
-- PostgreSQL database dump complete
--

\unrestrict r2Kd0JbW7mQ1

