import { createHash } from 'node:crypto'
import type pg from 'pg'
import { expect, it } from 'vitest'
import { erase, setUp } from './erasing.ts'
import { everyType, honestWrites, SIZE } from './manipulations.ts'
import { prune, setUpPruning } from './pruning.ts'
import { auditedDatabase, connected, seal } from './sealing.ts'

/*
 * Verifies a chain by nothing but docs/seals.md: none of the code that made it is used here.
 */

const sha256 = (...parts: readonly (Buffer | string)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const bytes = (...values: readonly number[]) => Buffer.from(values)

const hex = (text: string) => Buffer.from(text, 'hex')
const commitment = (salt: Buffer, value: string | null) =>
  value === null ? sha256(salt, bytes(0)) : sha256(salt, bytes(1), value)

interface Kept {
  readonly salt?: string
  readonly commitment?: string
  readonly rest?: { readonly salt: string; readonly commitment: string }
}

function root(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves
  if (first === undefined) return sha256()
  if (leaves.length === 1) return first
  let left = 1
  while (left * 2 < leaves.length) left *= 2
  return sha256(bytes(1), root(leaves.slice(0, left)), root(leaves.slice(left)))
}

it('a verifier that is written from docs/seals.md finds the same roots and the same chain', async () => {
  const database = await auditedDatabase(honestWrites, everyType)
  const client = await connected(database)
  await seal(client, { size: SIZE })
  expect(await verified(client)).toBe(0)
})

it('the same after erasures of values of every type, of what may not be empty, and of a part of a document', async () => {
  const database = await auditedDatabase(honestWrites, everyType)
  const client = await connected(database)
  await seal(client, { size: SIZE })
  const { by } = await setUp(database)
  const columns = everyType.columns.map(({ name }) => name).filter((name) => name !== 'id')
  const documents = everyType.columns.filter(({ type }) => /^jsonb?$/.test(type.name) && !type.list)
  expect(documents.length).toBeGreaterThan(0)
  const { rows: keys } = await client.query<{ key: string }>(
    `SELECT DISTINCT jsonb_object_keys("${documents[0]?.name}"::jsonb) AS key FROM audit."Order_audit" WHERE jsonb_typeof("${documents[0]?.name}"::jsonb) = 'object'`,
  )
  const of = (id: number) => ({
    history: 'audit."Order_audit"',
    match: [{ columns: ['id'], value: String(id) }],
  })
  const paths = documents.flatMap(({ name }) => keys.map(({ key }) => ({ column: name, path: [key] })))
  await erase(client, by, [
    { ...of(1), columns: [...columns, 'audit_username', 'audit_current_user'] },
    { ...of(2), columns: columns.slice(0, 3) },
    { ...of(4), columns: ['note'], paths },
  ])
  expect(await verified(client)).toBe(3)

  // And after a pruning, of rows of which fields were erased, too.
  await client.query(
    `COMMIT; BEGIN; SELECT set_config('audit.username', 'ann', true); DELETE FROM "Order" WHERE id IN (1, 2, 5, 6); COMMIT`,
  )
  const keeper = await setUpPruning(database)
  const [{ now } = { now: '' }] = await database.query<{ now: string }>(
    'SELECT clock_timestamp()::text AS now',
  )
  const { pruned } = await prune(client, keeper.by, everyType, now)
  expect(pruned).toBeGreaterThan(5)
  const gone = await database.query(`SELECT FROM audit.seal_erasure WHERE jsonb_typeof(fields) = 'object'`)
  expect(gone.length).toBeGreaterThan(0)
  await verified(client)
})

/** @returns how many rows had erased fields */
async function verified(client: pg.Client): Promise<number> {
  await client.query(`BEGIN; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC';
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'`)
  const { rows: seals } = await client.query(
    `SELECT s.*, s.history_oid::text AS history_oid, s.sealed_at::text AS sealed_at, t.salts FROM audit.seal s LEFT JOIN audit.seal_salt t ON t.seal_number = s.number ORDER BY number`,
  )
  expect(seals.length).toBeGreaterThan(3)
  const { rows: kept } = await client.query<{ key: string; fields: Kept[] }>(
    `SELECT seal_number || ' ' || audit_id AS key, fields FROM audit.seal_erasure WHERE jsonb_typeof(fields) = 'array'`,
  )
  const { rows: gone } = await client.query<{ seal: string; id: string; leaf: string }>(
    `SELECT seal_number::text AS seal, audit_id::text AS id, fields ->> 'leaf' AS leaf FROM audit.seal_erasure WHERE jsonb_typeof(fields) = 'object'`,
  )
  const { rows: empty } = await client.query<{ seal: string }>(
    'SELECT seal_number::text AS seal FROM audit.seal_pruned',
  )
  const erased = new Map(kept.map(({ key, fields }) => [key, fields]))
  let previous = Buffer.alloc(32)
  for (const each of seals) {
    const columns: { number: number; name: string; type: string }[] = each.columns
    const text = ({ name, type }: (typeof columns)[number]) =>
      /^(character(\(\d+\))?|bpchar)$/.test(type)
        ? `CASE WHEN "${name}" IS NOT NULL THEN format('%s', "${name}") END`
        : `"${name}"::text`
    const { rows } = await client.query<string[]>({
      text: `SELECT audit_id::text, audit_operation::text, audit_operation_timestamp::text, audit_transaction_timestamp::text,
        audit_transaction_id::text, ${columns.map(text).join()} FROM ${each.history_name}
        WHERE abs(audit_id) BETWEEN ${each.first_id} AND ${each.last_id} ORDER BY abs(audit_id), audit_id`,
      rowMode: 'array',
    })
    const there = rows.map((row, at) => {
      const salt = each.salts.subarray(16 * at, 16 * at + 16)
      const commitments = row.slice(5).map((value: string | null, index) => {
        const own = erased.get(`${each.number} ${row[0]}`)?.[index]
        if (own?.commitment === undefined) {
          return commitment(
            own?.salt ? hex(own.salt) : sha256(salt, bytes((index + 1) >> 8, (index + 1) & 255)),
            value,
          )
        }
        if (own.rest === undefined) expect(value).toBeNull()
        else expect(commitment(hex(own.rest.salt), value)).toEqual(hex(own.rest.commitment))
        return hex(own.commitment)
      })
      return sha256(bytes(0), sha256(row.slice(0, 5).join('|')), ...commitments)
    })
    const pruned = gone
      .filter(({ seal: number }) => number === each.number)
      .map(({ id, leaf }) => ({ id: Number(id), leaf: hex(leaf) }))
    const all = [...there.map((leaf, at) => ({ id: Number(rows[at]?.[0]), leaf })), ...pruned]
    const leaves = all.sort((a, b) => Math.abs(a.id) - Math.abs(b.id) || a.id - b.id).map(({ leaf }) => leaf)
    if (empty.some(({ seal: number }) => number === each.number)) expect(all).toEqual([])
    else expect(root(leaves).toString('hex')).toBe(each.root.toString('hex'))
    const content = JSON.stringify([
      each.format,
      each.number,
      each.history_name,
      each.history_oid,
      each.first_id,
      each.last_id,
      each.row_count,
      columns.map(({ number, name, type }) => [number, name, type]),
      each.sealed_at,
    ])
    expect(each.previous.toString('hex')).toBe(previous.toString('hex'))
    expect(sha256(bytes(2), previous, each.root, content).toString('hex')).toBe(each.hash.toString('hex'))
    previous = each.hash
  }
  return erased.size
}
