//! Tables that are tied together in every way in which tables are.

use crate::stage::Stage;

const SCHEMA: &str = "\
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE customers (
    tenant_id int NOT NULL REFERENCES tenants, id uuid NOT NULL, email text NOT NULL, city text NOT NULL, country text NOT NULL,
    PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX customers_email ON customers (lower(email));
CREATE TABLE products (id bigserial PRIMARY KEY);
CREATE TABLE orders (
    id bigserial, created_at timestamptz NOT NULL, tenant_id int NOT NULL REFERENCES tenants, customer_id uuid,
    PRIMARY KEY (id, created_at),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers);
CREATE TABLE order_items (
    order_id bigint, order_created_at timestamptz, line smallint, product_id bigint NOT NULL REFERENCES products,
    PRIMARY KEY (order_id, order_created_at, line),
    FOREIGN KEY (order_id, order_created_at) REFERENCES orders);
CREATE TABLE parcels (
    order_id bigint NOT NULL, order_created_at timestamptz NOT NULL, line smallint NOT NULL,
    FOREIGN KEY (order_id, order_created_at, line) REFERENCES order_items);
CREATE TABLE employees (id serial PRIMARY KEY, manager_id int REFERENCES employees);
CREATE TABLE categories (id uuid PRIMARY KEY, parent_id uuid NOT NULL REFERENCES categories);
CREATE TABLE teams (id serial PRIMARY KEY, lead_id int NOT NULL);
CREATE TABLE people (id serial PRIMARY KEY, team_id int REFERENCES teams);
ALTER TABLE teams ADD FOREIGN KEY (lead_id) REFERENCES people;
CREATE TABLE memberships (
    team_id int REFERENCES teams, person_id int REFERENCES people, PRIMARY KEY (team_id, person_id));
CREATE TABLE badges (person_id int PRIMARY KEY REFERENCES people);
CREATE TABLE swipes (id bigserial PRIMARY KEY, badge_id int NOT NULL REFERENCES badges);
CREATE TABLE addresses (id bigserial PRIMARY KEY, person_id int NOT NULL REFERENCES people, is_current boolean NOT NULL);
CREATE UNIQUE INDEX one_address ON addresses (person_id) WHERE is_current;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE moods (mood mood, day date, PRIMARY KEY (mood, day));
";

const PROFILE: &str = "\
[tables.tenants]
rows = 20
[tables.customers]
rows = 2_000
[tables.customers.columns.tenant_id]
fan_out = { zipf = 0.9 }
[tables.customers.columns.city]
n_distinct = 60
[tables.customers.columns.country]
n_distinct = 5
depends_on = { column = \"city\", degree = 1.0 }
[tables.products]
rows = 500
[tables.orders]
rows = 5_000
[tables.orders.columns.customer_id]
null_frac = 0.1
fan_out = { zipf = 1.1, childless_frac = 0.4 }
[tables.order_items]
rows = 12_000
[tables.order_items.columns.order_id]
fan_out = { zipf = 0.3, childless_frac = 0.1, clustering = 1.0 }
[tables.order_items.columns.product_id]
fan_out = { zipf = 1.0, clustering = 0.5 }
[tables.parcels]
rows = 9_000
[tables.employees]
rows = 1_000
[tables.categories]
rows = 300
[tables.teams]
rows = 40
[tables.people]
rows = 800
[tables.people.columns.team_id]
null_frac = 0.05
[tables.memberships]
rows = 4_000
[tables.memberships.columns.team_id]
fan_out = { zipf = 0.5 }
[tables.badges]
rows = 600
[tables.swipes]
rows = 3_000
[tables.addresses]
rows = 2_500
[tables.moods]
rows = 1_000
";

/// Every foreign key is made again, which reads every row; unique indexes were built after the load.
const CHECKS: &str = "\
DO $$
DECLARE key record;
BEGIN
  FOR key IN SELECT conrelid::regclass AS tab, conname, pg_get_constraintdef(oid) AS def
             FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.tab, key.conname);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', key.tab, key.conname, key.def);
  END LOOP;
  ASSERT (SELECT bool_and(indisvalid AND indisready) FROM pg_index), 'indexes';
  ASSERT (SELECT bool_and(tenant_id = o.tenant_id) FROM orders o JOIN customers USING (tenant_id)
          WHERE o.customer_id = customers.id), 'one tenant';
  ASSERT (SELECT count(*) FILTER (WHERE customer_id IS NULL) = 500 AND count(DISTINCT customer_id) = 1200
          FROM orders), 'childless customers';
  ASSERT (SELECT bool_and(most = rows AND least = 1) FROM (
            SELECT max(line) AS most, min(line) AS least, count(*) AS rows FROM order_items GROUP BY order_id) x),
         'lines are numbered';
  ASSERT (SELECT count(DISTINCT order_id) FROM order_items) = 4500, 'childless orders';
  ASSERT (SELECT corr(line_at, order_at) FROM (
            SELECT row_number() OVER (ORDER BY i.ctid) AS line_at, o.at AS order_at
            FROM order_items i JOIN (SELECT id, row_number() OVER (ORDER BY ctid) AS at FROM orders) o
              ON o.id = i.order_id) x) > 0.99, 'items stand in the order of their orders';
  ASSERT (SELECT bool_and(manager_id < id) AND count(*) FILTER (WHERE manager_id IS NULL) = 20 FROM employees), 'tree';
  ASSERT (SELECT count(*) FROM categories WHERE id = parent_id) = 1, 'one root';
  ASSERT (SELECT count(*) = 300 FROM (
            WITH RECURSIVE t AS (SELECT id FROM categories WHERE id = parent_id UNION ALL
              SELECT c.id FROM categories c JOIN t ON c.parent_id = t.id AND c.id <> c.parent_id) SELECT FROM t) x), 'reached';
  ASSERT (SELECT count(*) FILTER (WHERE is_current) = 800 AND count(*) = 2500 FROM addresses), 'current';
  ASSERT (SELECT count(DISTINCT city) = 60 AND count(DISTINCT country) = 5
            AND count(DISTINCT (city, country)) = 60 FROM customers), 'a city is in one country';
END $$;
ALTER TABLE tenants ADD COLUMN x int;
";

#[test]
fn every_relation_holds_on_the_server() {
    let stage = Stage::with_steps(&[("check", CHECKS)]);
    stage.file("schema.sql", SCHEMA);
    stage.file("profile.toml", PROFILE);
    stage.run(&["--seed", "7"]).expect_code(0);
    stage.assert_nothing_left();
}
