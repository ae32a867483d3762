import { expect } from 'vitest'
import type { WrappedProject } from '../migrate/wrapped-project.ts'

export interface Status {
  readonly isInstalled: boolean
  readonly histories: readonly {
    readonly model: string
    readonly state: string
    readonly findings: readonly {
      readonly state: string
      readonly object: string
      readonly message: string
      readonly hint: string
    }[]
    readonly size?: {
      readonly bytes: number
      readonly rows: number
      readonly oldest: string | null
      readonly newest: string | null
      readonly rowsPerDay?: number
    }
    readonly retiredColumns: readonly { readonly name: string; readonly bytes: number | null }[]
    readonly lacking: Readonly<Record<string, number>>
  }[]
  readonly findings: readonly {
    readonly state: string
    readonly object: string
    readonly message: string
    readonly hint: string
  }[]
  readonly retired: readonly { readonly name: string; readonly bytes: number }[]
  readonly staleSchemas: readonly { readonly name: string; readonly bytes: number }[]
  readonly settingsBroughtAlong: readonly string[]
}

/** What `status --json` says, on its own. */
export async function statusOf({ audit }: WrappedProject): Promise<Status & { readonly exitCode: number }> {
  const { stdout, stderr, exitCode } = await audit(['status', '--json'])
  expect(stderr).toBe('')
  return { ...(JSON.parse(stdout) as Status), exitCode }
}

/** `disabled: trigger "x" on "public"."Order" is disabled` */
export function found({ findings, histories }: Status): string[] {
  return [...findings, ...histories.flatMap((each) => each.findings)].map(
    ({ state, object, message }) => `${state}: ${object} ${message}`,
  )
}
