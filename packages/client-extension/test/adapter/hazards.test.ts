import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, test } from 'vitest'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { useLedger } from '../fixture/ledger.ts'
import { type As, type Hazard, hazards } from './hazards.ts'
import { naiveAudit } from './naive-audit.ts'

const ledger = await useLedger()
const users = ['ann', 'bob', 'eve'] as const
const rounds = 20

/** Lets every user write one row a round, and gives the rows that have another name than their label says. */
async function wrongRows({ name, write }: Hazard, kind: string, as: As) {
  const label = (round: number, user: string) => `${kind} ${name} ${round}|${user}`
  for (let round = 0; round < rounds; round++) await write(users, as, (user) => label(round, user))
  const rows = await ledger.query<{ label: string; username: string }>(
    'SELECT label, username FROM audit.history WHERE starts_with(label, $1)',
    [`${kind} ${name}`],
  )
  expect(rows).toHaveLength(rounds * users.length)
  return rows.filter((row) => !row.label.endsWith(`|${row.username}`))
}

describe.each(hazards)('$name', (hazard) => {
  test('every row has the name of its caller', async () => {
    const base = ledger.client({ adapter: auditAdapter(new PrismaPg(ledger.pool({ max: hazard.max }))) })
    const wrong = await wrongRows(hazard, 'audited', (username) => base.$extends(auditContext({ username })))
    expect(wrong).toEqual([])
  })

  test('a context that is read when the statement is sent gives rows to somebody else', async () => {
    const naive = naiveAudit(ledger.pool({ max: hazard.max }))
    const base = ledger.client({ adapter: naive.adapter })
    const wrong = await wrongRows(hazard, 'naive', (username) => naive.as(base, username))
    expect(wrong.length).toBeGreaterThan(0)
  })
})
