import type { AuditHome } from '../state/database-state.ts'
import { pruneSignature } from './base-functions.ts'
import { compactSignature, renderCompactFunction } from './compact-function.ts'
import { renderEraserCheck } from './eraser-check.ts'
import { inNameOfOwner, inOwnName, letIn, makeRoles, refuseForeign } from './eraser-setup.ts'
import { erasureName, renderErasureTables, renderPruningTable } from './erasure-tables.ts'
import { dropFormer, renderMoveErasures } from './move-erasures.ts'
import { renderPruneFunction } from './prune-function.ts'
import { givePrunerRights } from './pruner-rights.ts'
import { borrowOwner, returnOwner } from './role-membership.ts'
import { markFunctions, refuseForeignFunctions } from './shared-schema.ts'
import { comment, ident, lines, paragraphs, type Sql, sql, sqlText } from './sql.ts'

export interface PrunerSetup {
  /** Owns the function of prunings, and can do nothing else; nobody is a member of it. */
  readonly pruner: string
  /** May call that function. */
  readonly by: string
  /** An interval: what is younger goes for nobody. */
  readonly atLeast: string
  readonly home: AuditHome
}

/**
 * The script that sets up pruning, for psql and any other client, safe to run again; as that of erasure (`renderEraserSetup`), with a
 * function and a role of its own.
 */
export function renderPrunerSetup(setup: PrunerSetup): string {
  const { pruner, by, atLeast, home } = setup
  const roles = { eraser: pruner, by, home }
  const owner = { owner: pruner }
  const signature = pruneSignature(home)
  const script = paragraphs([
    header(setup),
    sql`BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;`,
    makeRoles(roles),
    inNameOfOwner(home),
    renderMoveErasures(home),
    renderErasureTables(home),
    renderPruningTable(home),
    refuseForeignFunctions(home, [compactSignature(home)], 'for example another schema'),
    renderCompactFunction(home, atLeast),
    markFunctions(home, [compactSignature(home)]),
    letIn(roles, compactSignature(home)),
    inOwnName(),
    givePrunerRights(home, pruner),
    borrowOwner(owner),
    sql`SET LOCAL ROLE ${ident(pruner)};`,
    refuseForeign(roles, signature),
    dropFormer(home, 'prune'),
    renderPruneFunction(home, atLeast),
    markFunctions(home, [signature]),
    letIn(roles, signature),
    returnOwner(owner),
    sql`REVOKE CREATE ON SCHEMA ${ident(home.schema)} FROM ${ident(pruner)};
GRANT USAGE ON SCHEMA ${ident(home.schema)} TO ${ident(by)};
GRANT SELECT ON ${erasureName(home, 'pruning')} TO ${ident(by)};`,
    renderEraserCheck(roles, { signature, acts: 'prunings' }),
    sql`COMMIT;`,
  ])
  return `${sqlText(script)}\n`
}

function header({ pruner, by, atLeast, home }: PrunerSetup): Sql {
  return lines(
    [
      `Pruning of the history in ${home.schema}. To be run once in the application's database, and again after models were audited`,
      'that were not before, and after the first seal: by a superuser, or by the role that owns the history if it has CREATEROLE.',
      'Never a migration.',
      '',
      `  ${pruner} owns the one function that prunes. Nobody connects as it, and nobody is a member of it`,
      `  ${by} may call that function: npx prisma-generator-audit prune connects as this one. It may also call compact_partition, which is`,
      "  the owner's, removes no row, and gives back the space of old partitions",
      `  what is younger than ${atLeast} is pruned for nobody`,
    ].map((line) => (line === '' ? sql`--` : comment(line))),
  )
}
