import { defineConfig } from 'vitest/config'
import { ByProject } from './test/support/by-project.ts'

/** Long, because a test of the command line starts several programs, and two run at once: on a busy machine each takes its time. */
const limits = {
  testTimeout: 180_000,
  hookTimeout: 240_000,
  maxWorkers: 2,
  // A file goes on in the process of the one before: with the modules that are loaded, and with the programs that wait for commands.
  isolate: false,
}

/** What holds with each layer of the client extension is tested with each: these files run three times. */
const everyLayer = [
  'packages/client-extension/test/{batch,call-forms,contexts,many-identities,other-extensions}.test.ts',
  'packages/client-extension/test/{prisma-client-js,refusals,transactions,unfinished-writes,values}.test.ts',
  'packages/client-extension/test/soak/*.test.ts',
  'test/e2e/main-path/call-forms.test.ts',
  'test/e2e/history-client.test.ts',
]

const inLayer = (layer: string, setupFiles: string[] = []) => ({
  test: { ...limits, name: layer, include: everyLayer, env: { AUDIT_TEST_LAYER: layer }, setupFiles },
})

/** What holds on each version of PostgreSQL. `once` runs them on the run's own server, which is 18 unless told otherwise. */
const everyServer = [
  'packages/generator/test/matrix/*.test.ts',
  'packages/generator/test/sql/{attacks,baseline,capture,capture-waiver,capture-waiver-attacks}.test.ts',
  'packages/generator/test/sql/{enable-always,facts,fold-equals-table,hash,key-change}.test.ts',
  'packages/generator/test/sql/{level-partitions,level-row,quoting,random-schemas,redact,text-forms}.test.ts',
  'packages/generator/test/sql/{live-comparison,reconcile,seal-independent,seal-manipulations,sealing,when-changed}.test.ts',
  'packages/generator/test/sql/{eraser-setup,erasure,erasure-attacks}.test.ts',
  'packages/generator/test/sql/{partitions,partitions-against-odds,partitions-kept,prune,prune-attacks}.test.ts',
  'packages/generator/test/sql/{prune-partitions,pruner-setup}.test.ts',
  'packages/generator/test/compile/{audited-partitions,deferrable-keys,inheritance,join-tables,secrets-nowhere}.test.ts',
  'test/e2e/history-timeline.test.ts',
  'packages/viewer/test/questions.test.ts',
]

/** These take long or hold what depends least on the version: on every server in the large run only. */
const everyServerInFull = [
  'packages/generator/test/sql/{adopted-rights,baseline-batches,deployment,evolution,hash-moves,level-change,level-fold}.test.ts',
  'packages/generator/test/sql/{move-schema,prisma-alone,renames,replay,shared-schema}.test.ts',
  'test/e2e/history-{policies,readers,revert,schema-changes,snapshots}.test.ts',
  'test/e2e/roles.test.ts',
]

/** From 16 on CREATEROLE reaches less: the scripts of roles are run on one server from before that, too, in every run. */
const roleScripts = [
  'test/e2e/roles.test.ts',
  'packages/generator/test/sql/{eraser-setup,pruner-setup}.test.ts',
]

/** Holds the schema engine of `tooling/` against what Prisma's own does, command by command; each other test that runs Prisma stands on it. */
const onlyInFull = ['test/e2e/prisma-cli.test.ts']

/** These need a program or an extension that the servers from npm do not have. */
const installedServer = ['packages/generator/test/installed/*.test.ts']

const isFull = process.env.AUDIT_TEST_SIZE === 'full'

const onServer = (name: string, include: string[]) => ({
  test: {
    ...limits,
    name: `postgresql-${name}`,
    include,
    // One size on each: the run's own server has the larger numbers.
    env: { AUDIT_TEST_SIZE: '' },
    globalSetup: ['test/support/server-of-project.ts'],
    setupFiles: ['test/support/skip-without-server.ts'],
  },
})

const everyVersion = isFull
  ? ['14', '15', '16', '17'].map((version) => onServer(version, [...everyServer, ...everyServerInFull]))
  : [onServer('14', everyServer), onServer('15', roleScripts), onServer('16', everyServer)]

export default defineConfig({
  test: {
    ...limits,
    globalSetup: ['test/support/global-setup.ts'],
    sequence: { sequencer: ByProject },
    projects: [
      {
        test: {
          ...limits,
          name: 'once',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'tooling/**/*.test.ts'],
          exclude: [...everyLayer, ...installedServer, ...(isFull ? [] : onlyInFull)],
        },
      },
      inLayer('extension'),
      inLayer('adapter'),
      inLayer('pgbouncer', ['test/support/skip-without-pgbouncer.ts']),
      ...everyVersion,
      onServer('installed', installedServer),
    ],
  },
})
