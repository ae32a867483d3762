import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable, type HistoryTable } from './look-first.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { copyPolicy, copyRights, createRole } from './publication-rights.ts'
import { publishedHistories, publishedLater } from './published-tables.ts'
import { asScript } from './render-installation.ts'
import { inTransactions } from './render-migration.ts'
import {
  comment,
  dollarQuoted,
  ident,
  join,
  lines,
  literal,
  paragraphs,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'

export interface PublicationSetup {
  /** With a schema. */
  readonly state: DatabaseState
  /** Audit schemas that the histories were in: the seals follow with the next `seal`, and are published until then where they are. */
  readonly formerHomes: readonly AuditHome[]
  readonly publication: string
  /** The role that a second server connects as; undefined: it has its rights otherwise. */
  readonly role: string | undefined
  /** Milliseconds. */
  readonly lockTimeout: number
}

/**
 * The script for the primary: a publication of the history, and what the role that reads it needs. Safe to run again, and to be run again
 * when a model is audited that was not before, or the first seal was made.
 *
 *     CREATE PUBLICATION "prisma_audit";
 *     ALTER PUBLICATION "prisma_audit" SET (publish = 'insert', publish_via_partition_root = true);
 *     ALTER PUBLICATION "prisma_audit" SET TABLE "audit"."Order_audit", …;
 *     GRANT SELECT ON "audit"."Order_audit" TO "audit_replication";
 *
 * Inserts only: what UPDATE, DELETE and TRUNCATE do on the primary, in the hands of its owner, ends there. By its root a partitioned history
 * arrives under its own name, and the second server need not be partitioned, or may be otherwise.
 */
export function renderPublication(setup: PublicationSetup): string {
  const { state, formerHomes, role, lockTimeout } = setup
  if (state.schema === undefined) throw new Error('nothing is audited, so there is nothing to publish')
  const home = homeOf(state.schema)
  const histories = publishedHistories(state)
  const later = [home, ...formerHomes].flatMap(publishedLater)
  const sections = [
    paragraphs([
      publish(setup, home, histories, later),
      role === undefined ? sql`` : copyRights(home, role, histories, later),
    ]),
    // A policy locks its table against writers: one transaction a table.
    ...(role === undefined ? [] : histories.map((table) => copyPolicy(table, role))),
  ]
  return `${sqlText(header(setup))}\n\n${asScript(inTransactions(sections, { lockTimeout }))}`
}

function header({ publication, role }: PublicationSetup): Sql {
  return lines(
    [
      `The publication ${publication}: the history of this database, for a second server and for whatever reads pgoutput.`,
      'To be run on the primary as the owner of the history, and again when a model is audited that was not before. Needs wal_level = logical.',
      ...(role === undefined ? [] : [`Before it, once. ${createRole(role)}`]),
    ].map((line) => comment(line)),
  )
}

function publish(
  { publication }: PublicationSetup,
  home: AuditHome,
  histories: readonly HistoryTable[],
  later: readonly HistoryTable[],
): Sql {
  const name = literal(publication)
  const body = sql`DECLARE
  histories CONSTANT text[] := ${names(histories)};
  published CONSTANT text[] := histories || ARRAY(
    -- The first seal makes these, the set-up of erasures, and the first pause.
    SELECT later.name
    FROM pg_catalog.unnest(${names(later)}) AS later (name)
    JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(later.name) AND c.relkind IN ('r', 'p')
  );
  missing text := (
    SELECT pg_catalog.string_agg(h.name, ', ') FROM pg_catalog.unnest(histories) AS h (name)
    WHERE pg_catalog.to_regclass(h.name) IS NULL
  );
  others text;
  unknown text;
BEGIN
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_table',
      MESSAGE = 'there is no history ' || missing,
      HINT = 'Migrations come first: npx prisma migrate deploy.';
  END IF;
  SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', p.schemaname, p.tablename), ', ') INTO others
  FROM pg_catalog.pg_publication_tables AS p
  WHERE p.pubname = ${name}
    AND pg_catalog.format('%I.%I', p.schemaname, p.tablename)::regclass <> ALL (published::regclass[])
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = pg_catalog.format('%I.%I', p.schemaname, p.tablename)::regclass
        AND a.attname = ${literal(AUDIT_COLUMNS.operation)} AND NOT a.attisdropped
    );
  IF others IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.pg_publication AS p WHERE p.pubname = ${name} AND p.puballtables) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_object',
      MESSAGE = pg_catalog.format('publication %I is there already, and publishes more than the history: %s', ${name}, coalesce(others, 'all tables')),
      HINT = 'Choose another name with --publication, or drop it.';
  END IF;
  SELECT pg_catalog.string_agg(t.tgrelid::regclass::text, ', ') INTO unknown
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attname = ${literal(AUDIT_COLUMNS.operation)}
  WHERE t.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND t.tgparentid = 0
    AND t.tgfoid = ${literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))}::regprocedure
    AND t.tgrelid <> ALL (published::regclass[])
    AND NOT (SELECT c.relispartition FROM pg_catalog.pg_class AS c WHERE c.oid = t.tgrelid);
  IF unknown IS NOT NULL THEN
    RAISE WARNING 'not published, for no migration of the folder makes it: %', unknown
      USING HINT = 'Where it is sealed, the second server needs a table of its name, before the seals come.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_publication AS p WHERE p.pubname = ${name}) THEN
    CREATE PUBLICATION ${ident(publication)};
  END IF;
  ALTER PUBLICATION ${ident(publication)} SET (publish = 'insert', publish_via_partition_root = true);
  EXECUTE pg_catalog.format(
    'ALTER PUBLICATION %I SET TABLE %s', ${name}, pg_catalog.array_to_string(published, ', ')
  );
END`
  return sql`-- Inserts only, and exactly these tables: never the keys of hashed columns.
DO ${dollarQuoted(body)};`
}

function names(tables: readonly HistoryTable[]): Sql {
  const each = tables.map((table) => literal(sqlText(auditTable(table))))
  return sql`ARRAY[
  ${join(each, sql`,\n`)}
]::text[]`
}
