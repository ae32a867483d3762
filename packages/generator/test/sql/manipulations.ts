import fc from 'fast-check'
import type { ColumnTypeName } from '../../src/model/column-type.ts'
import { column, setting, table, type } from './fixture.ts'

/** For each type a value, and one that is as near to it as the type allows. */
const NEAR: Readonly<Record<ColumnTypeName, readonly [string, string]>> = {
  text: ['abc', 'abb'],
  varchar: ['a ', 'a'],
  char: ['a', ' '],
  boolean: ['t', 'f'],
  smallint: ['2', '3'],
  integer: ['-1', '-2'],
  bigint: ['9007199254740992', '9007199254740993'],
  real: ['1.5', '1.5000001'],
  'double precision': ['0.1', '0.10000000000000002'],
  numeric: ['1.0', '1.00'],
  money: ['12.34', '12.35'],
  timestamp: ['2024-02-29 23:59:59.999999', '2024-02-29 23:59:59.999998'],
  timestamptz: ['2024-02-29 23:59:59.999999+00', 'infinity'],
  date: ['2024-02-29', '2024-03-01'],
  time: ['24:00', '00:00'],
  timetz: ['12:00+00', '13:00+01'],
  json: ['{"a":1}', '{"a": 1}'],
  jsonb: ['{"a": 1}', '{"a": 1.0}'],
  uuid: ['6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b', '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0a'],
  bytea: ['\\x00ff', '\\x01ff'],
  inet: ['10.0.0.1/24', '10.0.0.1/25'],
  bit: ['1', '0'],
  varbit: ['101', '1010'],
  xml: ['<a b="1"/>', '<a b="1" />'],
  oid: ['4294967295', '4294967294'],
}
const NAMES = Object.keys(NEAR) as ColumnTypeName[]
/** Items are quoted, one of them is no NULL. */
const listOf = (value: string) => `{"${value.replaceAll(/["\\]/g, '\\$&')}"}`
const FIELDS = NAMES.flatMap((name) => [
  { name: `one ${name}`, type: type(name), honest: NEAR[name][0], forged: NEAR[name][1] },
  {
    name: `list ${name}`,
    type: type(name, [], true),
    honest: listOf(NEAR[name][0]),
    forged: listOf(NEAR[name][1]),
  },
])

export const ROWS = 60
/** As `sealing.ts` cuts them. */
export const SIZE = 10
const HISTORY = 'audit."Order_audit"'
const quoted = (name: string) => `"${name}"`
const text = (value: string) => `'${value.replaceAll("'", "''")}'`

/** Every type, alone and in an array, and texts that may be empty or absent. */
export const everyType = table('Order', {
  columns: [
    column('id', 'integer'),
    ...FIELDS.map((field) => column(field.name, field.type)),
    column('note', 'text'),
    column('remark', 'text'),
  ],
  settings: [setting('username String?')],
})

/** Every third row lacks the values; numbers are lost on the way, and one row is a baseline's. */
export const honestWrites = `
  SELECT set_config('audit.username', 'ann', false);
  INSERT INTO "Order" (id, note, remark, ${FIELDS.map(({ name }) => quoted(name)).join()})
  SELECT g, CASE g % 2 WHEN 0 THEN 'moved' ELSE '' END, NULL,
    ${FIELDS.map(({ honest }) => `CASE WHEN g % 3 > 0 THEN ${text(honest)} END`)
      .map((value, at) => `CAST(${value} AS ${typeText(at)})`)
      .join()}
  FROM generate_series(1, ${ROWS}) g;`

function typeText(at: number): string {
  const { name, list } = FIELDS[at]?.type ?? { name: 'text', list: false }
  return `${name}${list ? '[]' : ''}`
}

/** What somebody does who may do anything, and what has to be said of it. */
export interface Manipulation {
  readonly says: string
  readonly sql: string
  /** Ids whose ranges have to be named, or a seal that has to be. */
  readonly ids?: readonly number[]
  readonly seal?: number
  /** What it does to all rows is named for all ranges. */
  readonly isOfAll?: true
}

type Numbers = readonly number[]
type Kind = (numbers: Numbers) => Manipulation

const at = <T>(all: readonly T[], number: number): T => {
  const item = all[number % all.length]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}
const idOf = (number: number) => 1 + (number % ROWS)
/** One with values. */
const fullId = (number: number) => {
  const id = idOf(number)
  return id % 3 === 0 ? id - 1 : id
}
const change = (id: number, set: string) => `UPDATE ${HISTORY} SET ${set} WHERE audit_id = ${id}`
const sealOf = (number: number) => 1 + (number % (ROWS / SIZE))
const FACTS = [
  `audit_operation = 'U'`,
  `audit_operation_timestamp = audit_operation_timestamp + interval '1 microsecond'`,
  `audit_transaction_timestamp = audit_transaction_timestamp - interval '1 microsecond'`,
  'audit_transaction_id = audit_transaction_id + 1',
  `audit_current_user = audit_current_user || ' '`,
  `audit_username = 'bob'`,
  'audit_username = NULL',
]
const SEAL_CHANGES = [
  'row_count = row_count + 1',
  'root = set_bit(root, 77, 1 - get_bit(root, 77))',
  'previous = set_bit(previous, 5, 1 - get_bit(previous, 5))',
  'hash = set_bit(hash, 200, 1 - get_bit(hash, 200))',
  `sealed_at = sealed_at + interval '1 microsecond'`,
  'first_id = first_id + 1',
  'last_id = last_id - 1',
  'format = format + 1',
  `history_name = history_name || ' '`,
  'history_oid = history_oid::bigint + 1',
  `history = 'audit.seal'::regclass`,
  `columns = replace(columns::text, '"note"', '"remark"')::json`,
  'number = number + 1000',
]
const swap = (a: number, b: number) => {
  const columns = ['audit_operation_timestamp', 'id', ...FIELDS.map(({ name }) => quoted(name))].join()
  return `UPDATE ${HISTORY} AS h SET (${columns}) = (
    SELECT ${columns} FROM ${HISTORY} AS o WHERE o.audit_id = CASE h.audit_id WHEN ${a} THEN ${b} ELSE ${a} END
  ) WHERE h.audit_id IN (${a}, ${b})`
}
const insert = (
  id: number,
  like: number,
) => `CREATE TEMPORARY TABLE more ON COMMIT DROP AS SELECT * FROM ${HISTORY} WHERE audit_id = ${like};
  UPDATE more SET audit_id = ${id}; INSERT INTO ${HISTORY} OVERRIDING SYSTEM VALUE SELECT * FROM more`

const KINDS: Readonly<Record<string, Kind>> = {
  'a value is another one, as near as its type allows': ([a = 0, b = 0]) => {
    const { name, forged } = at(FIELDS, b)
    return { says: name, sql: change(fullId(a), `${quoted(name)} = ${text(forged)}`), ids: [fullId(a)] }
  },
  'a value is NULL': ([a = 0, b = 0]) => {
    const { name } = at(FIELDS, b)
    return { says: name, sql: change(fullId(a), `${quoted(name)} = NULL`), ids: [fullId(a)] }
  },
  'a value is where none was': ([a = 0, b = 0]) => {
    const [{ name, honest }, id] = [at(FIELDS, b), 3 * (1 + (a % (ROWS / 3)))]
    return { says: name, sql: change(id, `${quoted(name)} = ${text(honest)}`), ids: [id] }
  },
  'NULL and the empty text': ([a = 0, b = 0]) => {
    const id = 1 + 2 * (a % (ROWS / 2))
    return { says: '', sql: change(id, b % 2 === 0 ? 'note = NULL' : `remark = ''`), ids: [id] }
  },
  'a value stands in another column': ([a = 0]) => {
    const id = 2 + 2 * (a % (ROWS / 2 - 1))
    return { says: '', sql: change(id, 'note = remark, remark = note'), ids: [id] }
  },
  'what happened, when, in which transaction, by whom': ([a = 0, b = 0]) => ({
    says: at(FACTS, b),
    sql: change(idOf(a), at(FACTS, b)),
    ids: [idOf(a)],
  }),
  'a row is removed': ([a = 0]) => ({
    says: '',
    sql: `DELETE FROM ${HISTORY} WHERE audit_id = ${idOf(a)}`,
    ids: [idOf(a)],
  }),
  'two rows are swapped': ([a = 0, b = 0]) => {
    const [one, other] = [idOf(a), idOf(a + 1 + (b % (ROWS - 1)))]
    return { says: `${one} ${other}`, sql: swap(one, other), ids: [one, other] }
  },
  'a row is inserted where no number was used': ([a = 0, b = 0]) => {
    const id = b % 5 === 0 ? 0 : -idOf(a)
    return { says: `${id}`, sql: insert(id, idOf(b)), ids: [Math.abs(id)] }
  },
  'a row is inserted in place of one that was removed': ([a = 0, b = 0]) => {
    const [id, like] = [idOf(a), idOf(a + 1 + (b % (ROWS - 1)))]
    return { says: '', sql: `DELETE FROM ${HISTORY} WHERE audit_id = ${id}; ${insert(id, like)}`, ids: [id] }
  },
  'a column that came later has a value': ([a = 0]) => ({
    says: '',
    sql: `ALTER TABLE ${HISTORY} ADD COLUMN later text; ${change(idOf(a), `later = ''`)}`,
    ids: [idOf(a)],
    isOfAll: true,
  }),
  "two columns have each other's names and values": ([a = 0]) => ({
    says: '',
    sql: `ALTER TABLE ${HISTORY} RENAME COLUMN note TO former; ALTER TABLE ${HISTORY} RENAME COLUMN remark TO note;
      ALTER TABLE ${HISTORY} RENAME COLUMN former TO remark; ${change(2 * (1 + (a % (ROWS / 2))), `remark = remark || '!'`)}`,
    ids: [2 * (1 + (a % (ROWS / 2)))],
    isOfAll: true,
  }),
  'a column is dropped': ([a = 0]) => ({
    says: '',
    sql: `ALTER TABLE ${HISTORY} DROP COLUMN ${quoted(at(FIELDS, a).name)}`,
    ids: [idOf(a)],
    isOfAll: true,
  }),
  'a seal is another one': ([a = 0, b = 0]) => ({
    says: at(SEAL_CHANGES, b),
    sql: `UPDATE audit.seal SET ${at(SEAL_CHANGES, b)} WHERE number = ${sealOf(a)}`,
    seal: sealOf(a),
  }),
  'a seal is removed, with its salts': ([a = 0]) => {
    // The last one of all is missed by an anchor only.
    const number = 1 + (a % (ROWS / SIZE - 1))
    return {
      says: `${number}`,
      sql: `DELETE FROM audit.seal WHERE number = ${number}; DELETE FROM audit.seal_salt WHERE seal_number = ${number}`,
      seal: number,
    }
  },
  'a bit of the salts': ([a = 0, b = 0]) => ({
    says: '',
    sql: `UPDATE audit.seal_salt SET salts = set_bit(salts, ${b % 1280}, 1 - get_bit(salts, ${b % 1280})) WHERE seal_number = ${sealOf(a)}`,
    seal: sealOf(a),
  }),
  'the salts are gone': ([a = 0]) => ({
    says: '',
    sql: `DELETE FROM audit.seal_salt WHERE seal_number = ${sealOf(a)}`,
    seal: sealOf(a),
  }),
  'an erasure is told of that never was': ([a = 0, b = 0]) => {
    const id = idOf(a)
    const seal = Math.ceil(id / SIZE)
    const fields = everyType.columns.length + 2
    return {
      says: '',
      sql: `INSERT INTO audit.seal_erasure (seal_number, audit_id, fields)
        SELECT ${seal}, ${id}, jsonb_agg(jsonb_build_object('${b % 2 === 0 ? 'salt' : 'commitment'}', repeat('00', 32)))
        FROM generate_series(1, ${fields})`,
      ids: [id],
    }
  },
  'the history is another table': () => ({
    says: '',
    sql: `CREATE TABLE audit.copy AS SELECT * FROM ${HISTORY}; DROP TABLE ${HISTORY}; ALTER TABLE audit.copy RENAME TO "Order_audit"`,
    ids: [1],
    isOfAll: true,
  }),
}

const MONTH = 13
/** Months before this one; the bounds of the partitions are not those of the ranges. */
const monthOf = (id: number) => Math.floor((ROWS - id) / MONTH)
export const MONTHS = monthOf(1)

/** What was written goes to partitions, of 13 rows each, but for the oldest. */
export const inMonths = `ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only;
  UPDATE ${HISTORY} SET audit_operation_timestamp = audit_operation_timestamp - (${ROWS} - audit_id) / ${MONTH} * interval '1 month';
  ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only;`

/** What can be done to a history in partitions only. */
const OF_PARTITIONS: Readonly<Record<string, Kind>> = {
  'a partition is detached or dropped': ([a = 0, b = 0]) => {
    const id = idOf(a)
    const statement =
      b % 2 === 0
        ? `format('ALTER TABLE ${HISTORY} DETACH PARTITION %s', part)`
        : `format('DROP TABLE %s', part)`
    return {
      says: b % 2 === 0 ? 'detached' : 'dropped',
      sql: `DO $$ DECLARE part regclass; BEGIN
        SELECT tableoid INTO STRICT part FROM ${HISTORY} WHERE audit_id = ${id}; EXECUTE ${statement};
      END $$`,
      ids: Array.from({ length: ROWS }, (_, each) => each + 1).filter(
        (each) => monthOf(each) === monthOf(id),
      ),
    }
  },
}

/** Any of them, with what it is about drawn at random; the guard is off. */
export const manipulations: fc.Arbitrary<Manipulation> = drawn(KINDS)
export const partitionManipulations: fc.Arbitrary<Manipulation> = drawn({ ...KINDS, ...OF_PARTITIONS })

function drawn(kinds: Readonly<Record<string, Kind>>): fc.Arbitrary<Manipulation> {
  return fc
    .tuple(fc.constantFrom(...Object.keys(kinds)), fc.array(fc.nat(9999), { minLength: 2, maxLength: 2 }))
    .map(([kind, numbers]) => {
      const made = kinds[kind]?.(numbers)
      if (made === undefined) throw new Error(kind)
      return { ...made, says: `${kind}: ${made.says}` }
    })
}

export const UNGUARDED = [
  HISTORY,
  ...['seal', 'seal_salt', 'seal_erasure', 'seal_pruned'].map((name) => `audit.${name}`),
]
  .map((name) => `ALTER TABLE ${name} DISABLE TRIGGER append_only`)
  .join(';')
