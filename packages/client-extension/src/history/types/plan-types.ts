import type { RevertConflict } from '../history-error.ts'
import type { HistoryModels } from '../history-model.ts'
import type { Change, DelegateOf } from './answer-types.ts'
import type { KeyOf } from './question-types.ts'
import type { PayloadOf, Version } from './value-types.ts'

/** What a revert does to one row. Plain data: `target` is the version that it gets again, `null` where it goes. */
export interface RevertStepOf<Payload, Name extends keyof Models & string, Models extends HistoryModels> {
  readonly model: Name
  readonly action: 'insert' | 'update' | 'delete'
  readonly key: KeyOf<Payload, Models[Name]>
  /** The newest version that the plan knows of. A later one is a conflict. */
  readonly seen: bigint
  readonly target: bigint | null
  readonly before: Version<Payload, Models[Name]> | null
  readonly after: Version<Payload, Models[Name]> | null
  /** Of an update: what it changes. */
  readonly changes: readonly Change<Payload, Models[Name]>[]
  /** Fields that the version does not say anything of, and that stay as they are. */
  readonly skipped: readonly string[]
}

/** A step of whatever model: `step.model` says of which. */
export type RevertStep<Client, Models extends HistoryModels> = {
  [Name in keyof Models & string]: RevertStepOf<PayloadOf<DelegateOf<Client, Name>>, Name, Models>
}[keyof Models & string]

/** Something to look at before it is carried out with `$revert`. */
export interface RevertPlan<Client, Models extends HistoryModels> {
  readonly steps: readonly RevertStep<Client, Models>[]
  /** Why it cannot be carried out; empty where it can, as far as is known now. */
  readonly conflicts: readonly RevertConflict[]
}

/** The plan for one row. */
export interface RowRevertPlan<Payload, Name extends keyof Models & string, Models extends HistoryModels> {
  readonly steps: readonly RevertStepOf<Payload, Name, Models>[]
  readonly conflicts: readonly RevertConflict[]
}
