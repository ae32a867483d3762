import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  ActivityAnswer,
  AsOfAnswer,
  ChartAnswer,
  Entry,
  RecordAnswer,
  TablesAnswer,
  TransactionAnswer,
} from '../src/answers.ts'
import { createAuditViewer } from '../src/index.ts'
import { as, createDesk, fillDesk } from './support/desk.ts'

const database = await createDesk()
const viewer = createAuditViewer({ pool: database.pool({ max: 4 }), authorize: () => true })
afterAll(() => database.drop())

async function ask<Answer>(
  question: string,
  parameters: Record<string, string | string[]> = {},
): Promise<Answer> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) query.append(name, each)
  }
  const response = await viewer(new Request(`http://viewer.test/api/${question}?${query}`))
  const text = await response.text()
  if (response.status !== 200) throw new Error(text)
  return JSON.parse(text)
}

/** The same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const TICKET = 'audit.Ticket_audit'
const CUSTOMER = 'audit.Customer_audit'
const short = ({ operation, table, key, settings }: Entry) =>
  `${operation} ${table.replace(/^audit\.|_audit$/g, '')} ${key.join()} ${settings.username}`
const changesOf = ({ changes }: Entry) =>
  Object.fromEntries(
    changes
      .filter(({ isChanged }) => isChanged)
      .map(({ column, before, after }) => [column, [before?.text ?? before, after?.text ?? after]]),
  )

beforeAll(async () => {
  // From before the audit, as it were: nobody recorded it.
  await database.query(`ALTER TABLE "Customer" DISABLE TRIGGER USER;
    INSERT INTO "Customer" (id, tenant_id, name, password, iban) VALUES (100, 'acme', 'Old Ann', 'never told', 'DE1'), (101, 'acme', 'Older Bob', 'never told', 'DE2');
    ALTER TABLE "Customer" ENABLE TRIGGER USER`)
  await fillDesk(database)
})

describe('what the catalog alone says', () => {
  it('names tables, keys, settings and what is recorded of each column', async () => {
    const { tables, actor, unreadable } = await ask<TablesAnswer>('tables')
    expect(tables.map(({ label, key }) => `${label}: ${key}`)).toEqual([
      'Customer: id',
      'Label: name',
      'Ticket: id',
      '_LabelToTicket: label_name,ticket_id',
      "ticket's steps: ticket_id,step no",
    ])
    expect([actor, unreadable]).toEqual(['username', []])
    const customer = tables.find(({ id }) => id === CUSTOMER)
    expect(customer?.settings.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'username text',
      'reason text',
      'request_id uuid',
    ])
    expect(customer?.columns.map(({ name, recorded }) => `${name} ${recorded}`)).toEqual([
      'id plain',
      'tenant_id plain',
      'name plain',
      'password redacted',
      'iban hashed',
      'biography plain',
      'preferences plain',
    ])
  })

  it('gives no estimate before PostgreSQL has one, and then that', async () => {
    const before = await ask<TablesAnswer>('tables')
    expect(before.tables[0]?.estimatedRows).toBeNull()
    await database.query('ANALYZE audit."Customer_audit"')
    const fresh = createAuditViewer({ pool: database.pool(), authorize: () => true })
    const response = await fresh(new Request('http://viewer.test/api/tables'))
    const { tables } = (await response.json()) as TablesAnswer
    expect(tables[0]?.estimatedRows).toBe(4)
  })
})

describe('activity', () => {
  it('is newest first over all tables, with who, what and each field that changed', async () => {
    const { entries, cursor } = await ask<ActivityAnswer>('activity')
    expect(cursor).toBeNull()
    expect(entries.map(short)).toEqual([
      'D Ticket 2 carol',
      'U Customer 1 ann',
      'I _LabelToTicket urgent,1 bob',
      'I Label hardware bob',
      'I Label urgent bob',
      'U Customer 1 bob',
      'U Ticket 1 bob',
      "I ticket's steps 1,2 ann",
      "I ticket's steps 1,1 ann",
      'I Ticket 2 ann',
      'I Ticket 1 ann',
      'I Customer 2 ann',
      'I Customer 1 ann',
    ])
    const [deleted, renamed] = entries
    expect(deleted && changesOf(deleted)).toMatchObject({ title: ['Cannot sign in', undefined] })
    // A big value that is only marked as unchanged is no change, and a redacted one is never told.
    expect(renamed && changesOf(renamed)).toEqual({
      name: ['Eve', 'Eve Adams'],
      password: ['[redacted]', '[redacted, changed]'],
    })
    expect(JSON.stringify(entries)).not.toMatch(/hunter|DE8937/)
  })

  it.each<[string, Record<string, string | string[]>, number]>([
    ['a table', { table: TICKET }, 4],
    ['two tables', { table: [TICKET, CUSTOMER] }, 8],
    ['an operation', { op: 'D' }, 1],
    ['two operations', { op: ['D', 'U'] }, 4],
    ['an actor', { 'by.username': 'bob' }, 5],
    ['any other setting', { 'by.request_id': '11111111-2222-3333-4444-555555555555' }, 6],
    ['a setting that is absent', { 'by.reason': '' }, 1],
    ['the database user', { user: 'nobody' }, 0],
    ['a client address', { 'fact.client_addr': '127.0.0.1' }, 13],
    ['all of these', { table: TICKET, op: 'U', 'by.username': 'bob', 'by.reason': 'ticket moved on' }, 1],
    ['what no history records', { 'by.nothing': 'x' }, 0],
  ])('is filtered by %s', async (_, parameters, count) => {
    const { entries, cursor } = await ask<ActivityAnswer>('activity', parameters)
    expect([entries.length, cursor]).toEqual([count, null])
  })

  it('is filtered by time to the microsecond, and by transaction', async () => {
    const { entries } = await ask<ActivityAnswer>('activity')
    const [newest, second] = entries
    if (newest === undefined || second === undefined) throw new Error('Nothing there.')
    expect((await ask<ActivityAnswer>('activity', { from: newest.at })).entries.map(short)).toEqual([
      short(newest),
    ])
    expect((await ask<ActivityAnswer>('activity', { to: newest.at })).entries.length).toBe(entries.length - 1)
    const between = await ask<ActivityAnswer>('activity', { from: second.at, to: newest.at })
    expect(between.entries.map(short)).toEqual([short(second)])
    const tx = `${second.transaction.id}@${second.transaction.startedAt}`
    expect((await ask<ActivityAnswer>('activity', { tx })).entries.map(short)).toEqual([short(second)])
  })

  it('pages of one give what one page gives, whatever the filter', async () => {
    for (const filter of [
      {},
      { op: 'I' },
      { 'by.username': 'ann' },
      { table: [TICKET, CUSTOMER], op: ['U', 'D'] },
    ]) {
      const all = await ask<ActivityAnswer>('activity', filter)
      for (const take of ['1', '3']) {
        const seen: Entry[] = []
        let cursor: string | null = ''
        while (cursor !== null) {
          const page: ActivityAnswer = await ask('activity', {
            ...filter,
            take,
            ...(cursor === '' ? {} : { cursor }),
          })
          seen.push(...page.entries)
          cursor = page.cursor
        }
        expect(seen).toEqual(all.entries)
      }
    }
  })
})

describe('record', () => {
  it('is the timeline of one row, each version with every field before and after', async () => {
    const { entries, cursor } = await ask<RecordAnswer>('record', { table: CUSTOMER, key: '["1"]' })
    expect([entries.map(short), cursor]).toEqual([
      ['U Customer 1 ann', 'U Customer 1 bob', 'I Customer 1 ann'],
      null,
    ])
    const biography = 'Eve was born in a small town. '.repeat(40)
    // The column is recorded once; each version shows it nevertheless.
    for (const { changes } of entries) {
      const held = changes.find(({ column }) => column === 'biography')
      expect(held?.after?.text).toBe(biography)
    }
    expect(entries[1] && Object.keys(changesOf(entries[1]))).toEqual(['preferences'])
    // Digits that no JavaScript number holds.
    expect(entries[1]?.changes.find(({ column }) => column === 'preferences')?.after?.text).toContain(
      '12345678901234567891',
    )
  })

  it('of a key with several columns, one of them with a blank in its name', async () => {
    const { entries } = await ask<RecordAnswer>('record', {
      table: "audit.ticket's steps_audit",
      key: '["1","2"]',
    })
    expect(entries.map(short)).toEqual(["I ticket's steps 1,2 ann"])
  })

  it('is paged by the version', async () => {
    const first = await ask<RecordAnswer>('record', { table: CUSTOMER, key: '["1"]', take: '2' })
    const rest = await ask<RecordAnswer>('record', {
      table: CUSTOMER,
      key: '["1"]',
      cursor: String(first.cursor),
    })
    expect([...first.entries, ...rest.entries].map(({ auditId }) => auditId)).toEqual(['4', '3', '1'])
  })

  it('cuts what is long, and gives all of it on request', async () => {
    await as(
      database,
      { username: 'ann' },
      `UPDATE "Ticket" SET body = repeat('0123456789', 100000) WHERE id = 1`,
    )
    const { entries } = await ask<RecordAnswer>('record', { table: TICKET, key: '["1"]' })
    const body = entries[0]?.changes.find(({ column }) => column === 'body')?.after
    expect([body?.text.length, body?.length]).toEqual([20_000, 1_000_000])
    const whole = await ask<{ value: { text: string } }>('value', {
      table: TICKET,
      id: String(entries[0]?.auditId),
      column: 'body',
    })
    expect(whole.value.text).toBe('0123456789'.repeat(100_000))
    await as(database, { username: 'ann' }, `UPDATE "Ticket" SET body = 'short again' WHERE id = 1`)
  })
})

describe('transaction', () => {
  it('has all that one request changed, over all tables, in the order of writing', async () => {
    const { entries } = await ask<ActivityAnswer>('activity', { 'by.username': 'bob' })
    const [one] = entries
    const tx = `${one?.transaction.id}@${one?.transaction.startedAt}`
    const answer = await ask<TransactionAnswer>('transaction', { tx })
    expect(answer.entries.map(short)).toEqual([
      'U Ticket 1 bob',
      'U Customer 1 bob',
      'I Label urgent bob',
      'I Label hardware bob',
      'I _LabelToTicket urgent,1 bob',
    ])
    expect([answer.cursor, answer.lookedUntil]).toEqual([null, null])
    const pages: Entry[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: TransactionAnswer = await ask('transaction', {
        tx,
        take: '2',
        ...(cursor === '' ? {} : { cursor }),
      })
      pages.push(...page.entries)
      cursor = page.cursor
    }
    expect(pages).toEqual(answer.entries)
  })
})

describe('as of a moment', () => {
  const rowsAt = async (at: string, table = CUSTOMER, more: Record<string, string> = {}) => {
    const answer = await ask<AsOfAnswer>('as-of', { table, at, ...more })
    const name = answer.columns.indexOf('name')
    return {
      answer,
      rows: answer.rows.map(({ key, state, values }) => `${key} ${state} ${values[name]?.text}`),
    }
  }

  it('a table is as it stood: earlier values, rows that were deleted since, and none that came later', async () => {
    const { entries } = await ask<ActivityAnswer>('activity', { table: CUSTOMER })
    const rename = entries.find(({ operation, settings }) => operation === 'U' && settings.username === 'ann')
    const before = new Date(Date.parse(rename?.at ?? '') - 1).toISOString()
    expect((await rowsAt(before)).rows).toEqual([
      '1 known Eve',
      '2 known Mallory',
      '100 live Old Ann',
      '101 live Older Bob',
    ])
    const now = new Date().toISOString()
    expect((await rowsAt(now)).rows[0]).toBe('1 known Eve Adams')
    const tickets = await ask<AsOfAnswer>('as-of', { table: TICKET, at: before })
    expect(tickets.rows.map(({ key }) => key)).toEqual([['1'], ['2']])
    const later = await ask<AsOfAnswer>('as-of', { table: TICKET, at: now })
    expect(later.rows.map(({ key }) => key)).toEqual([['1']])
    const long = await ask<AsOfAnswer>('as-of', { table: CUSTOMER, at: '2001-01-01T00:00:00Z' })
    expect(long.rows.map(({ state }) => state)).toEqual(['live', 'live'])
  })

  it('of live rows only what is recorded as it is: no secret that the history does not hold', async () => {
    const { answer } = await rowsAt(new Date().toISOString())
    expect(answer.includesNeverWritten).toBe(true)
    expect(JSON.stringify(answer)).not.toMatch(/never told|DE1|DE2/)
  })

  it('of a join table, too, whose history has names of its own', async () => {
    await database.query(`ALTER TABLE "_LabelToTicket" DISABLE TRIGGER USER;
      INSERT INTO "_LabelToTicket" VALUES ('hardware', 1); ALTER TABLE "_LabelToTicket" ENABLE TRIGGER USER`)
    const table = 'audit._LabelToTicket_audit'
    const answer = await ask<AsOfAnswer>('as-of', { table, at: new Date().toISOString() })
    expect(answer.rows.map(({ key, state }) => `${key} ${state}`)).toEqual([
      'urgent,1 known',
      'hardware,1 live',
    ])
  })

  it('a row whose first version came later as an update is unknown, as a delete known', async () => {
    const moment = new Date().toISOString()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await as(
      database,
      { username: 'ann' },
      `UPDATE "Customer" SET name = 'Renamed' WHERE id = 100`,
      `DELETE FROM "Customer" WHERE id = 101`,
    )
    const { rows } = await rowsAt(moment)
    expect(rows).toEqual([
      '1 known Eve Adams',
      '2 known Mallory',
      '100 unknown Renamed',
      '101 known Older Bob',
    ])
    expect((await rowsAt(new Date().toISOString())).rows).toEqual([
      '1 known Eve Adams',
      '2 known Mallory',
      '100 known Renamed',
    ])
  })

  it('after random writes every moment that was noted reads as the table was then', async () => {
    const random = seeded(Number(process.env.AUDIT_TEST_SEED ?? 42))
    const moments: { readonly at: string; readonly rows: readonly string[] }[] = []
    for (let turn = 0; turn < 40; turn++) {
      const id = 1000 + Math.floor(random() * 6)
      const writes = [
        `INSERT INTO "Ticket" (id, tenant_id, customer_id, title) VALUES (${id}, 'acme', 1, 'turn ${turn}') ON CONFLICT DO NOTHING`,
        `UPDATE "Ticket" SET title = 'turn ${turn}' WHERE id = ${id}`,
        `UPDATE "Ticket" SET id = ${id + 100} WHERE id = ${id}`,
        `UPDATE "Ticket" SET id = ${id} WHERE id = ${id + 100} AND NOT EXISTS (SELECT FROM "Ticket" WHERE id = ${id})`,
        `DELETE FROM "Ticket" WHERE id IN (${id}, ${id + 100})`,
      ]
      await as(database, { username: 'ann' }, writes[Math.floor(random() * writes.length)] ?? '')
      await new Promise((resolve) => setTimeout(resolve, 5))
      const at = new Date().toISOString()
      const rows = await database.query<{ row: string }>(
        `SELECT id || ' ' || title AS row FROM "Ticket" ORDER BY id`,
      )
      moments.push({ at, rows: rows.map(({ row }) => row) })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    for (const { at, rows } of moments) {
      const answer = await ask<AsOfAnswer>('as-of', { table: TICKET, at, take: '200' })
      const title = answer.columns.indexOf('title')
      // Unknown is a key that a row got later: nothing tells it from one that is older than its audit.
      const known = answer.rows.filter(({ state }) => state === 'known')
      expect(known.map(({ key, values }) => `${key} ${values[title]?.text}`)).toEqual(rows)
    }
    expect(new Set(moments.flatMap(({ rows }) => rows)).size).toBeGreaterThan(4)
  })

  it('is paged by the key, and asked for one row', async () => {
    const at = new Date().toISOString()
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { answer, rows } = await rowsAt(at, CUSTOMER, { take: '1', ...(cursor === '' ? {} : { cursor }) })
      seen.push(...rows)
      cursor = answer.cursor
    }
    expect(seen).toEqual((await rowsAt(at)).rows)
    expect((await rowsAt(at, CUSTOMER, { key: '["2"]' })).rows).toEqual(['2 known Mallory'])
  })
})

describe('chart', () => {
  it('counts by table, actor and operation what the list shows', async () => {
    const total = ({ series }: ChartAnswer) =>
      Object.fromEntries(
        series.map(({ name, counts }) => [name, counts.reduce((sum, count) => sum + count, 0)]),
      )
    const counted = async (column: string) => {
      const rows = await database.query<{ name: string; n: number }>(
        `SELECT ${column} AS name, count(*)::int AS n FROM (
          SELECT 'audit.Ticket_audit' AS history, audit_username, audit_operation FROM audit."Ticket_audit"
          UNION ALL SELECT 'audit.Customer_audit', audit_username, audit_operation FROM audit."Customer_audit") AS a GROUP BY 1`,
      )
      return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
    }
    const both = { table: [TICKET, CUSTOMER] }
    expect(total(await ask('chart', { ...both, group: 'table' }))).toEqual(await counted('history'))
    expect(total(await ask('chart', { ...both, group: 'actor' }))).toEqual(await counted('audit_username'))
    expect(total(await ask('chart', { ...both, group: 'operation' }))).toEqual(
      await counted('audit_operation'),
    )
  })
})
