import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { removeEmptyDraft, writeDraft } from '../../src/migration/append-to-draft.ts'

const PRISMA = 'ALTER TABLE "Order" ADD COLUMN "note" TEXT;\n'
const COMPLETE = `${PRISMA}\n-- the audit part\n`
const module = fileURLToPath(new URL('../../src/migration/append-to-draft.ts', import.meta.url))

function draft(): string {
  const directory = mkdtempSync(join(tmpdir(), 'audit-draft-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'migration.sql'), PRISMA)
  return directory
}

const text = (directory: string) => readFileSync(join(directory, 'migration.sql'), 'utf8')

it('a process that is killed while it completes a draft leaves the draft as it was, or the complete one', async () => {
  const seen = new Set<string>()
  for (let round = 0; round < 4; round += 1) {
    const directory = draft()
    // Back and forth for ever, until it is killed in the middle of something.
    const program = `import { writeDraft } from ${JSON.stringify(module)}
      const [prisma, complete] = ${JSON.stringify([PRISMA, COMPLETE])}
      console.log('ready')
      for (;;) {
        await writeDraft(${JSON.stringify(directory)}, prisma, { file: complete, downSql: 'SELECT 1;' })
        await writeDraft(${JSON.stringify(directory)}, complete, { file: prisma, downSql: undefined })
      }`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: 'pipe',
    })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, 5 + round * 6))
    child.kill('SIGKILL')
    await once(child, 'close')
    seen.add(text(directory))
    await writeDraft(directory, text(directory), { file: COMPLETE, downSql: 'SELECT 1;' })
    expect(readdirSync(directory).sort()).toEqual(['down.sql', 'migration.sql'])
  }
  expect([PRISMA, COMPLETE]).toEqual(expect.arrayContaining([...seen]))
})

it('a draft that somebody edits meanwhile is left alone', async () => {
  const directory = draft()
  writeFileSync(join(directory, 'migration.sql'), `${PRISMA}-- mine\n`)
  await expect(writeDraft(directory, PRISMA, { file: COMPLETE, downSql: undefined })).rejects.toThrow(
    'edited meanwhile',
  )
  expect(text(directory)).toBe(`${PRISMA}-- mine\n`)
})

it('an empty draft is removed, but not with a file in it that is not of Prisma', async () => {
  const [empty, other] = [draft(), draft()]
  await removeEmptyDraft(empty)
  expect(() => readdirSync(empty)).toThrow('ENOENT')
  mkdirSync(join(other, 'notes'))
  await expect(removeEmptyDraft(other)).rejects.toThrow('Remove it by hand')
  expect(text(other)).toBe(PRISMA)
})
