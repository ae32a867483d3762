import type pg from 'pg'
import { FULL_CONTEXT, inContext } from './context.ts'
import { insertRow, type Statement, touchRows } from './statements.ts'
import { type Column, enumOf, findModel, type Model, type World } from './world.ts'

/** A write that failed, and the model that it was for. */
export interface FailedWrite {
  readonly model: Model
  readonly code: string
  readonly message: string
}

/**
 * Whether a step changes a model's table in a way that writes may notice: its columns, its key, an enum of it, its
 * name. Errors between Prisma's file and ours are announced for those, and for no other.
 */
export function isConcerned(before: World, after: World, model: Model): boolean {
  const facts = (world: World) => {
    const found = findModel(world, model.id)
    return JSON.stringify([
      found?.table,
      found?.schema,
      found?.life,
      found?.key,
      found?.columns.map((column) => [column.name, column.type, enumOf(world, column.type)]),
    ])
  }
  return facts(before) !== facts(after)
}

/** The model with the values that an application of yesterday writes: what fits the old type fits the new one. */
function withFormerTypes(before: World, model: Model): Model {
  const old = new Map(findModel(before, model.id)?.columns.map((column) => [column.id, column]))
  const columns = model.columns.map((column): Column => {
    const type = old.get(column.id)?.type
    return type?.kind === 'scalar' && column.type.kind === 'scalar' ? { ...column, type } : column
  })
  return { ...model, columns }
}

/** Each connection writes to each table, now. */
export async function writeEverywhere(
  clients: readonly pg.ClientBase[],
  before: World,
  world: World,
  first: number,
): Promise<readonly FailedWrite[]> {
  const failed: FailedWrite[] = []
  let n = first
  for (const model of world.models) {
    for (const client of clients) {
      n += 1
      const former = withFormerTypes(before, model)
      for (const statement of [
        touchRows(world, model, model.columns.slice(0, 1)),
        insertRow(world, former, n),
      ]) {
        await inContext(client, FULL_CONTEXT, () => client.query(statement)).catch((error: unknown) => {
          // Traffic may be under way.
          if (!isOfRowsAlone(error)) failed.push({ model, ...describe(error) })
        })
      }
    }
  }
  return failed
}

/** Writers that go on until told to stop; only with statements that are right before the step and after it. */
export function startTraffic(
  clients: readonly pg.ClientBase[],
  before: World,
  after: World,
  first: number,
): { readonly stop: () => Promise<readonly FailedWrite[]> } {
  const failed: FailedWrite[] = []
  let isStopped = false
  let n = first
  const statements = (model: Model): readonly Statement[] => commonStatements(before, after, model, n)
  const run = async (client: pg.ClientBase) => {
    while (!isStopped) {
      for (const model of before.models) {
        n += 1
        for (const statement of statements(model)) {
          await inContext(client, FULL_CONTEXT, () => client.query(statement)).catch((error: unknown) => {
            if (!isOfRowsAlone(error)) failed.push({ model, ...describe(error) })
          })
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const running = clients.map(run)
  return {
    stop: async () => {
      isStopped = true
      await Promise.all(running)
      return failed
    },
  }
}

/** Two writers that update all rows may meet in other orders, with no migration at all; one would lock a relation. */
function isOfRowsAlone(error: unknown): boolean {
  const { code, detail = '' } = error as { code?: string; detail?: string }
  return code === '40P01' && /Lock on (?:transaction|tuple)/.test(detail) && !/Lock on relation/.test(detail)
}

function commonStatements(before: World, after: World, model: Model, n: number): readonly Statement[] {
  const next = findModel(after, model.id)
  if (!next || next.table !== model.table || next.schema !== model.schema || next.life !== model.life)
    return []
  const names = (each: Model) => each.columns.map(({ id, name }) => `${id} ${name}`)
  const common = model.columns.filter(({ id, name }) => names(next).includes(`${id} ${name}`))
  if (common.length === 0) return []
  const touch = touchRows(before, model, common.slice(0, 1))
  const isSame = names(model).join('\n') === names(next).join('\n') && isSameKind(before, after, model, next)
  // Without a name: a parameter's type may be made anew under a prepared statement.
  const { name: _, ...insert } = insertRow(before, model, n)
  return isSame ? [touch, { ...insert, name: '' }] : [touch]
}

/** Values of the old types fit the new ones. */
function isSameKind(before: World, after: World, model: Model, next: Model): boolean {
  return model.columns.every((column, index) => {
    const to = next.columns[index]
    if (to === undefined || to.type.kind !== column.type.kind) return false
    return JSON.stringify(enumOf(before, column.type)) === JSON.stringify(enumOf(after, to.type))
  })
}

function describe(error: unknown): { code: string; message: string } {
  const { code, message, detail } = error as { code?: string; message?: string; detail?: string }
  return { code: code ?? 'unknown', message: [message ?? String(error), detail].filter(Boolean).join(': ') }
}
