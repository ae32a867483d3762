import type { CondensedFile, Statement } from './condensed.ts'
import { restoreSnapshot, type Snapshot, takeSnapshot } from './fold-snapshot.ts'
import { type FoldState, report } from './fold-state.ts'
import { foldStructure } from './fold-statement.ts'
import { foldWrites, NO_SETTINGS, type SettingsInForce } from './fold-writes.ts'

type SearchPath = Extract<Statement, { kind: 'searchPath' }>

const RESET_PATH: Pick<SearchPath, 'schemas' | 'local'> = { local: false }

/** What the connection remembers from statement to statement. */
interface Session {
  settings: SettingsInForce
  /** The search_path that is left when the transaction ends. */
  path: readonly string[]
  /** The statement that changed it for good. */
  left: SearchPath | undefined
}

/** A point that ROLLBACK, or ROLLBACK TO SAVEPOINT `name`, leads back to. */
interface Point {
  readonly name: string | undefined
  readonly snapshot: Snapshot
  readonly session: Session
  readonly searchPath: readonly string[]
}

/** Folds a whole file, which is sent to PostgreSQL in one piece. */
export function foldFile(state: FoldState, { statements, own }: CondensedFile): void {
  const session: Session = { settings: NO_SETTINGS, path: state.defaultPath, left: undefined }
  // Most files take nothing back, so nothing has to be kept for them.
  let rollbacks = statements.filter(isRollback).length
  const points: Point[] = []
  const keep = (name?: string) => {
    if (rollbacks > 0) points.push(pointAt(state, session, name))
  }
  // BEGIN makes no point: PostgreSQL takes what stands before it in the file into the same transaction.
  keep()
  statements.forEach((statement, index) => {
    if (isRollback(statement)) rollbacks--
    if (statement.kind === 'savepoint') {
      if (statement.do === 'set') keep(statement.name)
      else foldSavepoint(state, session, points, statement)
    } else if (statement.kind === 'endTransaction') {
      const [start] = points
      if (statement.rollback && start) goBack(state, session, start)
      state.searchPath = session.path
      session.settings = foldWrites(state, statement, session.settings)
      points.length = 0
      keep()
    } else {
      if (statement.kind === 'searchPath') setPath(state, session, statement, index < own)
      else if (statement.kind === 'resetSettings') setPath(state, session, RESET_PATH, index < own)
      foldStructure(state, statement, index >= own)
      session.settings = foldWrites(state, statement, session.settings)
    }
  })
  // Whether the next file meets this path depends on how many files one `migrate deploy` applies.
  if (session.left && session.path.join() !== state.defaultPath.join()) {
    report(state, 'search_path stays changed after this file', session.left.span)
  }
  state.searchPath = state.defaultPath
  state.prepared.clear()
  dropTemporary(state)
}

function isRollback(statement: Statement): boolean {
  return (
    (statement.kind === 'endTransaction' && statement.rollback) ||
    (statement.kind === 'savepoint' && statement.do === 'rollback')
  )
}

function pointAt(state: FoldState, session: Session, name: string | undefined): Point {
  return { name, snapshot: takeSnapshot(state), session: { ...session }, searchPath: state.searchPath }
}

function goBack(state: FoldState, session: Session, point: Point): void {
  restoreSnapshot(state, point.snapshot)
  Object.assign(session, point.session)
  state.searchPath = point.searchPath
}

/** RELEASE forgets the last savepoint of that name and those after it; ROLLBACK TO keeps the one that it leads to. */
function foldSavepoint(
  state: FoldState,
  session: Session,
  points: Point[],
  statement: Extract<Statement, { kind: 'savepoint' }>,
): void {
  const at = points.findLastIndex(({ name }) => name === statement.name)
  const point = points[at]
  if (!point) return
  if (statement.do === 'rollback') goBack(state, session, point)
  points.length = statement.do === 'rollback' ? at + 1 : at
}

function setPath(
  state: FoldState,
  session: Session,
  statement: SearchPath | typeof RESET_PATH,
  isOwn: boolean,
): void {
  state.searchPath = statement.schemas ?? state.defaultPath
  if (statement.local) return
  session.path = state.searchPath
  session.left = 'span' in statement && statement.schemas && isOwn ? statement : undefined
}

function dropTemporary(state: FoldState): void {
  for (const [key, table] of state.tables) if (table.schema === 'pg_temp') state.tables.delete(key)
  for (const [key, view] of state.views) if (view.schema === 'pg_temp') state.views.delete(key)
  for (const [key, { table }] of state.indexes) if (table.schema === 'pg_temp') state.indexes.delete(key)
}
