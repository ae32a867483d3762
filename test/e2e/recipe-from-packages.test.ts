import { expect, test } from 'vitest'
import { useTestDatabase } from '../support/test-database.ts'
import { blocksOf } from './documents/blocks.ts'

const database = await useTestDatabase()
const blocks = blocksOf('docs/recipes/from-packages.md')

/** The statements of the page for one package, by their first line. */
function statements(name: string): readonly string[] {
  const found = blocks.filter(({ code }) => code.startsWith(`-- from ${name}: `))
  expect(found).not.toEqual([])
  return found.map(({ code }) => code)
}

test('every block of the page is one that is run here', () => {
  const names = ['audit-log-context', 'prisma-audit', 'bemi', 'supa_audit', 'sqlalchemy-postgresql-audit']
  expect(names.flatMap(statements)).toHaveLength(blocks.length)
})

/** As Prisma's example makes it, in two migrations. */
const versions = `CREATE SCHEMA audit;
CREATE TYPE audit."AuditOperation" AS ENUM ('INSERT', 'UPDATE', 'DELETE');
CREATE TABLE "Order" (id bigserial PRIMARY KEY, total numeric NOT NULL);
CREATE TABLE audit."OrderVersion" ("versionId" serial PRIMARY KEY, "versionOperation" audit."AuditOperation" NOT NULL, "versionOrderId" bigint,
  "versionUserId" int, "versionTimestamp" timestamp(3) NOT NULL, id bigint NOT NULL, total numeric NOT NULL);
CREATE FUNCTION audit."Order_audit"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audit."OrderVersion" VALUES
    (DEFAULT, TG_OP::audit."AuditOperation", NEW.id, current_setting('app.current_user_id', true)::int, now(), NEW.*);
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON "Order" FOR EACH ROW EXECUTE FUNCTION audit."Order_audit"();`

const change = `SELECT set_config('app.current_user_id', '42', false), set_config('audit.username', 'ann', false);
INSERT INTO "Order" (id, total) VALUES (7, 5); UPDATE "Order" SET total = 6 WHERE id = 7;`

test('what the example of Prisma has recorded is read, and its trigger ends', async () => {
  const [end = '', view = ''] = statements('audit-log-context')
  await database.query(versions)
  await database.query(change)
  await database.query(end)
  await database.query('UPDATE "Order" SET total = 7 WHERE id = 7')
  await database.query(view)
  expect(
    await database.query('SELECT operation, username, id, row FROM former_versions ORDER BY at, row'),
  ).toEqual([
    { operation: 'I', username: '42', id: '7', row: { id: 7, total: 5 } },
    { operation: 'U', username: '42', id: '7', row: { id: 7, total: 6 } },
  ])
})

test('what prisma-audit has recorded is read', async () => {
  const [view = ''] = statements('prisma-audit')
  await database.query(`CREATE TYPE "RevisionType" AS ENUM ('INSERT', 'UPDATE', 'DELETE');
    CREATE TABLE revision (id bigserial PRIMARY KEY, timestamp timestamp(3) NOT NULL DEFAULT now(), "userId" text, username text);
    CREATE TABLE order_aud ("revisionId" bigint REFERENCES revision, "revType" "RevisionType" NOT NULL, id bigint, total numeric,
      PRIMARY KEY ("revisionId", id));
    INSERT INTO revision (username) VALUES ('ann'); INSERT INTO order_aud VALUES (1, 'INSERT', 7, 5)`)
  await database.query(view)
  expect(await database.query('SELECT operation, username, id, row FROM former_revisions')).toEqual([
    { operation: 'I', username: 'ann', id: '7', row: { id: 7, total: 5 } },
  ])
})

test('what bemi has installed goes, and writes go on', async () => {
  const [end = ''] = statements('bemi')
  await database.query(`CREATE FUNCTION _bemi_row_trigger_func() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'still there'; END $$;
    CREATE TRIGGER "_bemi_row_trigger_Order" BEFORE INSERT OR UPDATE OR DELETE ON "Order" FOR EACH ROW EXECUTE FUNCTION _bemi_row_trigger_func();
    CREATE PROCEDURE _bemi_create_triggers() LANGUAGE plpgsql AS $$ BEGIN END $$;
    CREATE FUNCTION _bemi_create_table_trigger_func() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN CALL _bemi_create_triggers(); END $$;
    CREATE EVENT TRIGGER _bemi_create_table_trigger ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION _bemi_create_table_trigger_func()`)
  await expect(database.query('UPDATE "Order" SET total = 8')).rejects.toThrow('still there')
  await database.query(end)
  await database.query('UPDATE "Order" SET total = 8; CREATE TABLE after_bemi (id int)')
  expect(await database.query(`SELECT proname FROM pg_proc WHERE proname LIKE '\\_bemi%'`)).toEqual([])
})

test('what supa_audit has recorded is read, and its triggers end', async () => {
  const [end = '', view = ''] = statements('supa_audit')
  // Its table, and of its functions the one that is called: the extension is not among those that come with PostgreSQL.
  await database.query(`CREATE TYPE audit.operation AS ENUM ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE');
    CREATE TABLE audit.record_version (id bigserial PRIMARY KEY, record_id uuid, old_record_id uuid, op audit.operation NOT NULL,
      ts timestamptz NOT NULL DEFAULT now(), table_oid oid NOT NULL, table_schema name NOT NULL, table_name name NOT NULL, record jsonb, old_record jsonb);
    CREATE FUNCTION audit.disable_tracking(regclass) RETURNS void LANGUAGE sql AS '';
    INSERT INTO audit.record_version (op, table_oid, table_schema, table_name, record, old_record) VALUES
      ('INSERT', 'public."Order"'::regclass, 'public', 'Order', '{"id": 7, "total": 5}', NULL),
      ('DELETE', 'public."Order"'::regclass, 'public', 'Order', NULL, '{"id": 7, "total": 5}'),
      ('TRUNCATE', 'public."Order"'::regclass, 'public', 'Order', NULL, NULL)`)
  await database.query(end)
  await database.query(view)
  expect(
    await database.query('SELECT operation, username, id, row FROM former_records ORDER BY operation DESC'),
  ).toEqual([
    { operation: 'I', username: null, id: '7', row: { id: 7, total: 5 } },
    { operation: 'D', username: null, id: '7', row: { id: 7, total: 5 } },
  ])
})

test('what sqlalchemy-postgresql-audit has recorded is read, by the setting that both have', async () => {
  const [end = '', view = ''] = statements('sqlalchemy-postgresql-audit')
  await database.query(`CREATE TABLE "order" (id bigint PRIMARY KEY, total numeric);
    CREATE TABLE order_audit (audit_operation varchar(1) NOT NULL, audit_operation_timestamp timestamp NOT NULL, audit_username varchar NOT NULL,
      id bigint, total numeric);
    CREATE FUNCTION public_order_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO order_audit SELECT left(TG_OP, 1), now(), current_setting('audit.username', false), NEW.id, NEW.total; RETURN NULL; END $$;
    CREATE TRIGGER public_order_audit AFTER INSERT OR UPDATE ON "order" FOR EACH ROW EXECUTE FUNCTION public_order_audit()`)
  await database.query(`SELECT set_config('audit.username', 'ann', false); INSERT INTO "order" VALUES (7, 5)`)
  await database.query(end)
  await database.query('INSERT INTO "order" VALUES (8, 5)')
  await database.query(view)
  expect(await database.query('SELECT operation, username, id, row FROM former_order_audit')).toEqual([
    { operation: 'I', username: 'ann', id: '7', row: { id: 7, total: 5 } },
  ])
})
