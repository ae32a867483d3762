import { defineConfig } from 'vitest/config'

const limits = { testTimeout: 60_000, hookTimeout: 120_000, maxWorkers: 2 }

/** What holds with each layer of the client extension is tested with each: these files run three times. */
const everyLayer = [
  'packages/client-extension/test/{batch,call-forms,contexts,many-identities,other-extensions}.test.ts',
  'packages/client-extension/test/{prisma-client-js,refusals,transactions,values}.test.ts',
  'packages/client-extension/test/soak/*.test.ts',
  'test/e2e/main-path/call-forms.test.ts',
]

const inLayer = (layer: string, setupFiles: string[] = []) => ({
  test: { ...limits, name: layer, include: everyLayer, env: { AUDIT_TEST_LAYER: layer }, setupFiles },
})

export default defineConfig({
  test: {
    ...limits,
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        test: {
          ...limits,
          name: 'once',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'tooling/**/*.test.ts'],
          exclude: everyLayer,
        },
      },
      inLayer('extension'),
      inLayer('adapter'),
      inLayer('pgbouncer', ['test/support/skip-without-pgbouncer.ts']),
    ],
  },
})
