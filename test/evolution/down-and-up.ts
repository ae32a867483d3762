import type pg from 'pg'
import { dumpCapture, dumpCatalog } from './catalog.ts'
import type { DraftedStep } from './changes.ts'
import { FULL_CONTEXT, inContext } from './context.ts'
import { leaveLabels } from './leave-labels.ts'
import { lostHistory, rememberHistory } from './remembered-history.ts'
import { insertRow } from './statements.ts'
import { hasFormerKeys } from './unaffected.ts'
import type { World } from './world.ts'
import type { WrittenStep } from './write-step.ts'

/**
 * The same step on a database of its own, and then its audit parts taken back and made again: functions and
 * triggers are as they were before, no history is lost, and in the end the catalog is the same.
 */
export async function downAndUpProblems(
  client: pg.ClientBase,
  before: World,
  draft: DraftedStep,
  { files, parts }: WrittenStep,
  n: number,
): Promise<readonly string[]> {
  await leaveLabels(client, before, draft.leaving)
  const start = new Set((await dumpCapture(client)).map(triggerName))
  let previous: readonly string[] = []
  for (const { text } of files) {
    previous = await dumpCapture(client)
    await client.query(text)
  }
  for (const model of draft.target.models) {
    await inContext(client, FULL_CONTEXT, () => client.query(insertRow(draft.target, model, n)))
  }
  if (!hasFormerKeys(before, draft.target)) return []
  const up = await dumpCatalog(client)
  const history = await rememberHistory(client)
  const problems: string[] = []
  const run = async (what: string, text: string) => {
    await client.query(text).catch((error: unknown) => {
      throw new Error(`${what} fails: ${String(error)}\n${text}`)
    })
    problems.push(...(await lostHistory(client, history)).map((problem) => `${what}: ${problem}`))
  }
  for (const [index, part] of parts.toReversed().entries()) {
    await run('down.sql', part.down)
    // The part of the last file stands alone; what stands in the middle of one has no moment before it.
    if (index > 0 || files.length < 2) continue
    // What the developer dropped to let Prisma's file pass comes back too.
    const restored = (await dumpCapture(client)).filter(
      (line) => previous.includes(line) || !start.has(triggerName(line)),
    )
    problems.push(...difference('before the audit part', previous, 'after down.sql', restored))
  }
  for (const part of parts) await run('the audit part after down.sql', part.up)
  problems.push(...difference('after the step', up, 'after down.sql and up', await dumpCatalog(client)))
  return problems
}

/** Of a trigger its name and function: its condition reads differently on another type, its table may have moved. */
function triggerName(line: string): string {
  const [, name, called] =
    /^trigger .*: CREATE TRIGGER (.+?) AFTER .* EXECUTE FUNCTION (.+)$/s.exec(line) ?? []
  return name === undefined ? line : `${name} ${called}`
}

/** Lines that only one of two catalogs has. A column that down.sql put aside is history, and stays. */
export function difference(
  first: string,
  a: readonly string[],
  second: string,
  b: readonly string[],
): readonly string[] {
  const kept = (lines: readonly string[]) => lines.filter((line) => !/^column .*__undone_\d/.test(line))
  const only = (these: readonly string[], those: readonly string[]) => {
    const known = new Set(those)
    return these.filter((line) => !known.has(line))
  }
  return [
    ...only(kept(a), kept(b)).map((line) => `only ${first}: ${line}`),
    ...only(kept(b), kept(a)).map((line) => `only ${second}: ${line}`),
  ]
}
