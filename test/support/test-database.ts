import { afterAll, inject } from 'vitest'
import { createDatabaseOn, createTemplateOn, type Template, type TestDatabase } from './database.ts'

export type { Template, TestDatabase } from './database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    database: { readonly url: string; readonly prefix: string; readonly version: string }
  }
}

/** A database on this run's server, empty or a copy of `template`. The end of the run drops it at the latest. */
export async function createDatabase(
  options: { template?: Template | Promise<Template> | undefined } = {},
): Promise<TestDatabase> {
  return await createDatabaseOn(inject('database'), await options.template)
}

/** Prepares a template once a run, however many test files ask for it. See `createTemplateOn`. */
export async function createTemplate(
  name: string,
  prepare: (url: string) => Promise<void>,
): Promise<Template> {
  return await createTemplateOn(inject('database'), name, prepare)
}

/** A database for this test file (or `describe`), dropped after its last test. */
export async function useTestDatabase(template?: Template | Promise<Template>): Promise<TestDatabase> {
  const database = await createDatabase({ template })
  afterAll(() => database.drop())
  return database
}

/** The server's major version, 18 for one. */
export function serverMajor(): number {
  return Number.parseInt(inject('database').version, 10)
}
