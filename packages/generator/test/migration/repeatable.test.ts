import { describe, expect, it } from 'vitest'
import { standsAlone, whyNotRepeatable } from '../../src/migration/repeatable.ts'

const ADD = 'ALTER TABLE "Order" ADD COLUMN "note" TEXT;\n'
const HEADER = '-- prisma-generator-audit v1 from=0123456789abcdef text=0123456789abcdef\n'

describe('a migration that failed may be run again', () => {
  it.each([
    ['where it is one transaction', ADD],
    [
      'where an audit part follows in the same transaction',
      `${ADD}${HEADER}SET LOCAL lock_timeout = '5s';\n`,
    ],
    [
      'where it is an audit part alone, however often that commits',
      `${HEADER}SELECT 1;\nCOMMIT;\nSELECT 2;\n`,
    ],
    [
      'where only comments stand above the audit part',
      `/* hand-made */\n-- empty\n${HEADER}SELECT 1;\nCOMMIT;\n`,
    ],
    ['where BEGIN opens its transaction and nothing ends it', `BEGIN;\n${ADD}`],
    ['where a block beside other statements could not commit', `DO $$ BEGIN NULL; END $$;\n${ADD}`],
    ['where COMMIT is only a word in it', `-- COMMIT;\nINSERT INTO t VALUES ('COMMIT;');\n`],
    ['where it is empty', ''],
  ])('%s', async (_, text) => {
    expect(await whyNotRepeatable(text)).toBeUndefined()
  })
})

describe('a migration that failed must not simply be run again', () => {
  it.each([
    ['where it commits', `${ADD}COMMIT;\n${ADD}`, 'COMMIT'],
    ['where it commits before its audit part', `BEGIN;\n${ADD}COMMIT;\n${HEADER}SELECT 1;\n`, 'COMMIT'],
    ['where its audit part commits', `${ADD}${HEADER}SELECT 1;\nCOMMIT;\nSELECT 2;\n`, 'COMMIT'],
    ['where it rolls back', `${ADD}ROLLBACK;\n${ADD}`, 'COMMIT'],
    [
      'where it builds an index concurrently',
      'CREATE INDEX CONCURRENTLY "i" ON "Order" ("note");',
      'CONCURRENTLY',
    ],
    ['where it drops an index concurrently', 'DROP INDEX CONCURRENTLY "i";', 'CONCURRENTLY'],
    ['where it is one block, which may commit', 'DO $$ BEGIN COMMIT; END $$;', 'DO block'],
    ['where it is one call, which may commit', 'CALL fill();', 'CALL'],
    ['where it cannot be read', 'ALTER TABEL x;', 'cannot be read'],
  ])('%s', async (_, text, reason) => {
    expect(await whyNotRepeatable(text)).toContain(reason)
  })
})

describe('a draft stands alone', () => {
  it.each([
    [
      'where it builds an index concurrently',
      '-- fast\nCREATE INDEX CONCURRENTLY "i" ON "Order" ("note");\n',
      true,
    ],
    ['where it is a block that commits', 'DO $$ BEGIN UPDATE "Order" SET note = 1; COMMIT; END $$;', true],
    ['where it is a call', 'CALL fill();', true],
    ['not where a block commits nothing', 'DO $$ BEGIN UPDATE "Order" SET note = 1; END $$;', false],
    ['not where there is more', 'VACUUM;\nSELECT 1;', false],
    ['not where it is an ordinary statement', ADD, false],
    ['not where it is empty or cannot be read', '', false],
  ])('%s', async (_, text, expected) => {
    expect(await standsAlone(text)).toBe(expected)
  })
})
