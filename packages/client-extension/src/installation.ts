import { AuditContextError } from './errors.ts'

/** What the generated module says of the audit that a database should have. */
export interface AuditInstallation {
  /** The PostgreSQL schema of the histories. */
  readonly schema: string
  readonly tables: readonly InstalledTable[]
}

export interface InstalledTable {
  /** The model, or the join table. */
  readonly model: string
  readonly source: { readonly schema: string; readonly name: string }
  readonly history: string
  readonly triggers: readonly string[]
  /** They fire for what replication applies, too. */
  readonly always: boolean
}

/** Any Prisma Client: with or without extensions, or the client of an interactive transaction. */
export interface QueryingClient {
  $queryRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>
}

interface Problem {
  readonly model: string
  readonly object: string
  readonly problem: string
}

/**
 * One question to the catalog: which triggers are not there, rest, or are such as do nothing. It needs no right but to connect.
 *
 * Row triggers on a partition of an audited table are known by their parents' names; statement triggers have none there. A guard is BEFORE (2)
 * UPDATE (16), whatever the columns, DELETE (8) or TRUNCATE (32); a condition (WHEN) has its place on a row (1) trigger for UPDATE alone. On a
 * partition all others than those of TRUNCATE have to be of a row: a statement on the whole table calls no other.
 *
 * $1: the tables, as JSON; $2: the audit schema.
 */
const QUESTION = `SELECT w.model, w.object, CASE
    WHEN g.oid IS NULL THEN 'is not there'
    WHEN g.tgenabled = 'D' THEN 'is disabled'
    WHEN c.relispartition AND g.tgtype & 33 = 0 THEN 'does not fire for a statement on the table that this is a partition of'
    WHEN g.tgenabled = 'R' OR (w.always AND g.tgenabled <> 'A') THEN 'does not fire in every session'
    ELSE 'is not as the audit makes it'
  END AS problem
FROM (
  SELECT t.model, t.name, pg_catalog.to_regclass(t.relation) AS relation, t.always,
    pg_catalog.format('trigger %I on %s', t.name, t.relation) AS object
  FROM (
    SELECT d.model, e.name, e.relation, e.always
    FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS d (model text, source jsonb, history text, triggers jsonb, always boolean)
    CROSS JOIN LATERAL (
      SELECT n.name, pg_catalog.format('%I.%I', d.source ->> 'schema', d.source ->> 'name'), d.always
      FROM pg_catalog.jsonb_array_elements_text(d.triggers) AS n (name)
      UNION ALL
      SELECT c.tgname, c.tgrelid::regclass::text, d.always
      FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(pg_catalog.format('%I.%I', d.source ->> 'schema', d.source ->> 'name'))) AS p
      JOIN pg_catalog.pg_trigger AS c ON c.tgrelid = p.relid AND c.tgparentid <> 0
      WHERE d.triggers @> pg_catalog.to_jsonb(c.tgname::text)
      UNION ALL
      SELECT 'append_only', pg_catalog.format('%I.%I', $2::text, d.history), true
      UNION ALL
      SELECT 'append_only', i.inhrelid::regclass::text, true
      FROM pg_catalog.pg_inherits AS i
      WHERE i.inhparent = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $2::text, d.history))
    ) AS e (name, relation, always)
  ) AS t
) AS w
LEFT JOIN (
  pg_catalog.pg_trigger AS g
  JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid
  JOIN pg_catalog.pg_namespace AS s ON s.oid = f.pronamespace AND s.nspname = $2::text
  JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
) ON g.tgrelid = w.relation AND g.tgname = w.name
WHERE g.oid IS NULL OR g.tgenabled IN ('D', 'R') OR (w.always AND g.tgenabled <> 'A')
  OR (w.name = 'append_only' AND (g.tgtype <> 58 OR g.tgattr::text <> ''))
  OR (c.relispartition AND g.tgtype & 33 = 0)
  OR (g.tgqual IS NOT NULL AND g.tgtype & 17 <> 17)
UNION ALL
SELECT d.model, pg_catalog.format('DEFAULT partition of %I.%I', $2::text, d.history), 'is not there'
FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS d (model text, history text)
JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $2::text, d.history))
WHERE p.partdefid = 0
UNION ALL
SELECT '', 'session_replication_role', 'is replica: no ordinary trigger fires in this session'
WHERE pg_catalog.current_setting('session_replication_role') = 'replica'
ORDER BY 1, 2`

/**
 * Makes the check of one installation. The generated module `installation` does so, for the start of an application:
 *
 *     await assertAuditInstalled(prisma)
 *
 * It resolves where each audited table has its triggers and each history its guard, as each of their partitions has, all of them firing: a restore, a `db push`
 * or a data load can lose them in silence. `npx prisma-generator-audit status` looks at everything else besides.
 *
 * @throws AuditContextError `NOT_INSTALLED` that names each that is missing or disabled
 */
export function defineInstallationCheck({
  schema,
  tables,
}: AuditInstallation): (prisma: QueryingClient) => Promise<void> {
  return async (prisma) => {
    const rows = await prisma.$queryRawUnsafe(QUESTION, JSON.stringify(tables), schema)
    const problems = rows as readonly Problem[]
    if (problems.length === 0) return
    const models = new Set(problems.map(({ model }) => model).filter((model) => model !== ''))
    const of = models.size === 0 ? '' : ` of ${[...models].join(', ')}`
    throw new AuditContextError(
      'NOT_INSTALLED',
      `The audit${of} is not as it should be in this database:\n${problems.map(({ object, problem }) => `  ${object} ${problem}`).join('\n')}`,
      {
        hint: 'npx prisma-generator-audit status says what to do; npx prisma migrate deploy applies migrations that are missing.',
      },
    )
  }
}
