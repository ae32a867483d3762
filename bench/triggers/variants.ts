import type { AuditedColumn } from '../../packages/generator/src/model/audit-model.ts'
import {
  column,
  createSource,
  install,
  setting,
  table,
  type,
} from '../../packages/generator/test/sql/fixture.ts'

/** A way to record what a statement did. Each has tables of its own, one of each shape. */
export interface Variant {
  readonly says: string
  /** SQL that brings the audit to the table `name`, which is there and empty. */
  readonly install: (name: string, shape: Shape) => string
  /** For a design without triggers: the statement that records itself. It ends with RETURNING and all columns. */
  readonly recorded?: (name: string, shape: Shape, operation: 'I' | 'U' | 'D', statement: string) => string
  /** So much slower for many rows that one call in a run must do where the others have a few. */
  readonly isSlow?: boolean
  /** The table that holds the history of the table `name`, for the bytes of a row. */
  readonly history?: (name: string) => string
}

export interface Shape {
  readonly columns: readonly AuditedColumn[]
}

export const SHAPES = {
  plain: {
    columns: [
      column('id', 'integer'),
      column('name', 'text'),
      column('total', type('numeric', [10, 2])),
      column('at', 'timestamptz'),
      column('done', 'boolean'),
    ],
  },
  wide: {
    columns: [
      column('id', 'integer'),
      column('name', 'text'),
      column('done', 'boolean'),
      column('body', 'text'),
    ],
  },
} as const satisfies Record<string, Shape>

const audited = (name: string, { columns }: Shape, level: 'statement' | 'row') =>
  table(name, { columns, settings: [setting('username String')], level })

/** The un-audited table. */
export function createTable(name: string, shape: Shape): string {
  return createSource(audited(name, shape, 'statement'))
}

const list = ({ columns }: Shape, row: string) => columns.map(({ name }) => `${row}"${name}"`).join(', ')
const own =
  'audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, audit_username'
const ofAudit = (name: string) => `audit."${name}_audit"`

/** Row triggers of other designs run with the writer's rights, as their documentation has them. */
const rowTrigger = (name: string, body: string) => `
  CREATE FUNCTION "${name}_trigger"() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN ${body} END $body$;
  CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON "${name}" FOR EACH ROW EXECUTE FUNCTION "${name}_trigger"();`

export const VARIANTS = {
  bare: { says: 'the statement on a table without an audit', install: () => '' },
  statement: {
    says: 'what the generator emits',
    install: (name, shape) => install(audited(name, shape, 'statement')),
    history: ofAudit,
  },
  row: {
    says: 'what the generator emits at `level: row`',
    install: (name, shape) => install(audited(name, shape, 'row')),
    history: ofAudit,
  },
  partitioned: {
    says: 'what the generator emits with `partitionBy: month`',
    install: (name, shape) => install({ ...audited(name, shape, 'statement'), partitionBy: 'month' }),
    history: ofAudit,
  },
  limit: {
    says: 'the physical limit: the client writes the identical audit row, same columns, same indexes, in one data-modifying CTE',
    // The same audit table, and nothing that writes it but the statement itself.
    install: (name, shape) => `${install(audited(name, shape, 'statement'))}
      ALTER TABLE public."${name}" DISABLE TRIGGER USER;`,
    recorded: (
      name,
      shape,
      operation,
      statement,
    ) => `WITH changed AS (${statement}) INSERT INTO ${ofAudit(name)} (${own}, ${list(shape, '')})
      SELECT '${operation}', clock_timestamp(), now(), session_user, pg_current_xact_id()::text::bigint, 'bench', ${list(shape, '')} FROM changed`,
    history: ofAudit,
  },
  seed: {
    says: 'the row trigger of the project that this one descends from: no key, no index, no transaction id',
    install: (name) => `
      CREATE TABLE "${name}_audit" AS SELECT 'I'::varchar(1) AS audit_operation, now() AS audit_operation_timestamp,
        ''::varchar(64) AS audit_current_user, ''::text AS audit_username, * FROM "${name}" WITH NO DATA;
      ${rowTrigger(
        name,
        `IF current_setting('audit.username', false)::text = '' THEN RAISE 'audit.username is required'; END IF;
        IF TG_OP = 'DELETE' THEN
          INSERT INTO "${name}_audit" SELECT 'D', now(), current_user, current_setting('audit.username', false), OLD.*; RETURN OLD;
        ELSIF TG_OP = 'UPDATE' THEN
          INSERT INTO "${name}_audit" SELECT 'U', now(), current_user, current_setting('audit.username', false), NEW.*; RETURN NEW;
        END IF;
        INSERT INTO "${name}_audit" SELECT 'I', now(), current_user, current_setting('audit.username', false), NEW.*; RETURN NEW;`,
      )}`,
    history: (name) => `"${name}_audit"`,
  },
  jsonb: {
    says: 'one table with the row as JSONB, by a row trigger, and an index on table and key',
    install: (name) => `
      CREATE TABLE "${name}_log" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, operation char(1) NOT NULL, at timestamptz NOT NULL,
        who text, transaction_id bigint NOT NULL, source regclass NOT NULL, key jsonb, record jsonb);
      CREATE INDEX ON "${name}_log" (source, key, id);
      ${rowTrigger(
        name,
        `INSERT INTO "${name}_log" (operation, at, who, transaction_id, source, key, record) SELECT left(TG_OP, 1), clock_timestamp(),
          current_setting('audit.username', true), pg_current_xact_id()::text::bigint, TG_RELID, jsonb_build_array(r -> 'id'), r
          FROM to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END) AS r; RETURN NULL;`,
      )}`,
    history: (name) => `"${name}_log"`,
  },
  'jsonb-both': {
    says: 'JSONB of the row before and of the row after, found by a UUID made of table and key, as the design of supa_audit has it',
    install: (name) => `
      CREATE TABLE "${name}_versions" (id bigserial PRIMARY KEY, record_id uuid, old_record_id uuid, op varchar(8) NOT NULL,
        ts timestamptz NOT NULL DEFAULT now(), table_oid oid NOT NULL, table_schema name NOT NULL, table_name name NOT NULL, record jsonb, old_record jsonb);
      CREATE INDEX ON "${name}_versions" USING brin (ts); CREATE INDEX ON "${name}_versions" (table_oid);
      CREATE INDEX ON "${name}_versions" (record_id) WHERE record_id IS NOT NULL;
      CREATE INDEX ON "${name}_versions" (old_record_id) WHERE old_record_id IS NOT NULL;
      CREATE FUNCTION "${name}_id"(source oid, r jsonb) RETURNS uuid STABLE LANGUAGE sql AS $$
        SELECT CASE WHEN r IS NULL THEN NULL ELSE md5(jsonb_build_array(source::text, (SELECT jsonb_agg(r -> a.attname::text ORDER BY a.attnum)
          FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = source AND i.indisprimary))::text)::uuid END $$;
      ${rowTrigger(
        name,
        `DECLARE after jsonb := to_jsonb(NEW); before jsonb := to_jsonb(OLD);
        BEGIN INSERT INTO "${name}_versions" (record_id, old_record_id, op, table_oid, table_schema, table_name, record, old_record)
          VALUES ("${name}_id"(TG_RELID, after), "${name}_id"(TG_RELID, before), TG_OP, TG_RELID, TG_TABLE_SCHEMA, TG_TABLE_NAME, after, before);
        END; RETURN NULL;`,
      )}`,
    isSlow: true,
    history: (name) => `"${name}_versions"`,
  },
  'jsonb-changes': {
    says: 'JSONB of the row and the names of the changed fields, one row in a table of transactions and one of changes, as the design of carbonite has it',
    install: (name) => `
      CREATE TABLE "${name}_transactions" (id bigint PRIMARY KEY, meta jsonb NOT NULL DEFAULT '{}', inserted_at timestamp NOT NULL DEFAULT clock_timestamp());
      CREATE TABLE "${name}_changes" (id bigserial PRIMARY KEY, transaction_id bigint NOT NULL REFERENCES "${name}_transactions", op text NOT NULL,
        table_prefix text NOT NULL, table_name text NOT NULL, table_pk text[], data jsonb NOT NULL, changed text[] NOT NULL);
      CREATE INDEX ON "${name}_changes" (transaction_id); CREATE INDEX ON "${name}_changes" (table_prefix, table_name, table_pk);
      ${rowTrigger(
        name,
        `DECLARE r jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END); changed text[] := '{}'; tx bigint := pg_current_xact_id()::text::bigint;
        BEGIN
          INSERT INTO "${name}_transactions" (id, meta) VALUES (tx, jsonb_build_object('who', current_setting('audit.username', true))) ON CONFLICT DO NOTHING;
          IF TG_OP = 'UPDATE' THEN
            changed := ARRAY(SELECT a.key FROM jsonb_each(r) AS a JOIN jsonb_each(to_jsonb(OLD)) AS b USING (key) WHERE a.value IS DISTINCT FROM b.value);
          END IF;
          INSERT INTO "${name}_changes" (transaction_id, op, table_prefix, table_name, table_pk, data, changed)
            VALUES (tx, lower(TG_OP), TG_TABLE_SCHEMA, TG_TABLE_NAME, ARRAY[r ->> 'id'], r, changed);
        END; RETURN NULL;`,
      )}`,
    isSlow: true,
    history: (name) => `"${name}_changes"`,
  },
} as const satisfies Record<string, Variant>

export type VariantName = keyof typeof VARIANTS
export const VARIANT_NAMES = Object.keys(VARIANTS) as readonly VariantName[]
export const variantOf = (name: VariantName): Variant => VARIANTS[name]
