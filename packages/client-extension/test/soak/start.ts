import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { administer, createDatabaseOn } from '../../../../test/support/database.ts'
import { startDatabaseServer } from '../../../../test/support/database-server.ts'
import { createPrismaProject } from '../../../../test/support/prisma-project.ts'
import type { LedgerClientClass } from '../fixture/ledger-client.ts'
import { allowedGrowth, growth } from './growth.ts'
import { soak } from './soak.ts'

/**
 * `pnpm soak [--operations 100000] [--seed 1] [--layer extension|adapter]`: both layers, one after the other, unless
 * one is named. The exit code is 1 when a row, a connection or the memory is not as it should be.
 */
const { values } = parseArgs({
  options: { operations: { type: 'string' }, seed: { type: 'string' }, layer: { type: 'string' } },
})
const operations = Number(values.operations ?? 100_000)
const seed = Number(values.seed ?? randomBytes(4).readUInt32LE())
const layers = ['extension', 'adapter'].filter((layer) => (values.layer ?? layer) === layer)
if (!Number.isInteger(operations) || operations < 1) throw new Error('--operations must be a whole number.')
if (!Number.isInteger(seed)) throw new Error('--seed must be a whole number.')
if (layers.length === 0) throw new Error('--layer must be extension or adapter.')

const server = await startDatabaseServer()
const fixture = (name: string) => readFile(new URL(`../fixture/${name}`, import.meta.url), 'utf8')
const project = await createPrismaProject({
  schema: await fixture('ledger.prisma'),
  databaseUrl: server.url,
  git: false,
})
try {
  await project.prisma(['generate'])
  const client = await project.importModule<{ PrismaClient: LedgerClientClass }>('generated/client/client.ts')
  for (const layer of layers) await soakLayer(layer, client.PrismaClient)
} finally {
  project.cleanup()
  await server.stop()
}

async function soakLayer(layer: string, PrismaClient: LedgerClientClass): Promise<void> {
  const prefix = `prisma_audit_soak_${randomBytes(4).toString('hex')}`
  const database = await createDatabaseOn({ url: server.url, prefix })
  try {
    const tables = await fixture('ledger.sql')
    await administer(database.url, (admin) => admin.query(tables))
    console.log(`${layer}: ${operations} operations, seed ${seed}, PostgreSQL ${server.version}`)
    const report = await soak({
      url: database.url,
      PrismaClient,
      withAdapter: layer === 'adapter',
      operations,
      seed,
      onProgress: (done, outcomes) => console.log(`  ${done} done: ${JSON.stringify(outcomes)}`),
    })
    const grown = growth(report.heap)
    const perSecond = Math.round(operations / report.seconds)
    console.log(
      `  ${report.seconds.toFixed(0)} s, ${perSecond} a second; ${report.killed} connections killed; ` +
        `heap in MiB after each tenth: ${report.heap.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(' ')}`,
    )
    for (const fault of report.faults.slice(0, 20)) console.error(`  ${fault}`)
    if (grown > allowedGrowth) console.error(`  memory has grown by ${grown.toFixed(1)} MiB`)
    const isGood = report.faults.length === 0 && grown <= allowedGrowth
    console.log(isGood ? `${layer}: good` : `${layer}: ${report.faults.length} faults, seed ${seed}`)
    if (!isGood) process.exitCode = 1
  } finally {
    await database.drop()
  }
}
