import { expect } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import {
  type CompiledProject,
  compileProject,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

/** A schema whose one setting need not be there. */
export const schemaWith = (models: string, options = '') => schemaOf(models, '["username String?"]', options)

/** A folder whose tables are audited, and what the next migrations of the application's do. */
export async function audited(schema: string, init: string): Promise<Migrations> {
  const start = { '20260101000000_init': init }
  return withNext(start, await compileProject(schema, start), '20260102000000')
}

/** The folder with the audit part that `schema` asks for; a second compilation must ask for nothing. */
export async function followed(
  schema: string,
  folder: Migrations,
  stamp = '20260104000000',
): Promise<{ readonly project: CompiledProject; readonly done: Migrations }> {
  const project = await compileProject(schema, folder)
  const done = withNext(folder, project, stamp)
  const again = await compileProject(schema, done)
  expect({ steps: stepsOf(again), errors: again.text.match(/error.*/g) }).toEqual({ steps: [], errors: null })
  return { project, done }
}

/** Applies migrations with writes after those that are named, and gives the database. */
export async function apply(
  folder: Migrations,
  writes: Readonly<Record<string, string>>,
): Promise<TestDatabase> {
  const database = await createDatabase()
  for (const name of Object.keys(folder).sort()) {
    await database.query(folder[name] ?? '')
    const write = Object.entries(writes).find(([stamp]) => name.startsWith(stamp))?.[1]
    if (write !== undefined) await database.query(write)
  }
  return database
}

/** Each step with the names that it is about. */
export const steps = ({ migration }: CompiledProject) =>
  (migration?.plan.steps ?? []).map((step) => {
    switch (step.kind) {
      case 'renameTable':
        return `${step.kind} ${step.source.schema}.${step.source.name} -> ${step.to.schema}.${step.to.name}`
      case 'renameColumn':
        return `${step.kind} ${step.column} -> ${step.to}`
      case 'setAsideColumn':
        return `${step.kind} ${step.column} -> ${step.as}`
      case 'renameObjects':
        return `${step.kind} ${step.source.name} -> ${step.schema}.${step.names.table}`
      case 'retireColumn':
        return `${step.kind} ${step.column}`
      case 'addColumn':
        return `${step.kind} ${step.column.name}`
      case 'moveSchema':
      case 'dropSchema':
        return `${step.kind} ${step.name}`
      default:
        return 'source' in step ? `${step.kind} ${step.source?.name}` : step.kind
    }
  })

/** The rows of an audit table, in their order. */
export const history = (database: TestDatabase, table: string, ...columns: readonly string[]) =>
  database.query(
    `SELECT audit_operation AS op, ${columns.map((name) => `"${name}"`).join(', ')} FROM ${table} ORDER BY audit_id`,
  )
