import { HASH_KEY_TABLE } from '../model/names.ts'
import { dropSlot } from '../sql/repair-statements.ts'
import type { Finding } from './installation-status.ts'
import type { LivePublication, LiveSlot } from './live-database.ts'

/** How the history leaves the database. */
export interface ReplicationStatus {
  readonly publications: readonly PublicationStatus[]
  readonly slots: readonly SlotStatus[]
}

export interface PublicationStatus {
  readonly name: string
  /** What it publishes besides inserts: `DELETE`. */
  readonly more: readonly string[]
  /** Histories, and the audit's own tables, that it leaves out. */
  readonly lacking: readonly string[]
  readonly publishesKeys: boolean
}

export interface SlotStatus {
  readonly name: string
  readonly isActive: boolean
  /** How far its reader is behind; null where the slot was given up. */
  readonly lagBytes: number | null
  /** How much of the log it keeps on the disk. */
  readonly retainedBytes: number | null
}

/** From here on a slot that nobody reads is a finding. */
const MUCH = 2 ** 30

/**
 * Slots are told of where the history is published at all: without it they are somebody else's.
 *
 * @param histories what a second server needs, as far as it is there
 */
export function compareReplication(
  histories: readonly string[],
  publications: readonly LivePublication[],
  slots: readonly LiveSlot[],
): { readonly status: ReplicationStatus; readonly findings: readonly Finding[] } {
  const published = publications.filter(({ tables }) => histories.some((name) => tables.includes(name)))
  const keys: ReadonlySet<string> = new Set(Object.values(HASH_KEY_TABLE))
  const told = published.length === 0 ? [] : slots
  return {
    status: {
      publications: publications
        .map(({ name, more, tables }) => ({
          name,
          more,
          lacking: histories.filter((history) => !tables.includes(history)),
          publishesKeys: tables.some((table) => keys.has(table)),
        }))
        .filter(({ name, publishesKeys }) => publishesKeys || published.some((each) => each.name === name)),
      slots: told.map(({ name, isActive, lagBytes, retainedBytes }) => ({
        name,
        isActive,
        lagBytes,
        retainedBytes,
      })),
    },
    findings: told.flatMap(findingOn),
  }
}

function findingOn({ name, isActive, isLost, isUnlimited, retainedBytes }: LiveSlot): readonly Finding[] {
  const object = `replication slot "${name}"`
  if (isLost) {
    return [
      {
        state: 'disabled',
        object,
        message: 'was given up by PostgreSQL: its reader lacks what was written since',
        hint: 'Make the subscription anew; the copy begins again and keeps what it has: docs/replication.md',
        isForPeople: true,
      },
    ]
  }
  if (isActive || (retainedBytes ?? 0) < MUCH) return []
  const until = isUnlimited ? ' until the disk is full (max_slot_wal_keep_size = -1)' : ''
  return [
    {
      state: 'disabled',
      object,
      message: `is read by nobody, and keeps ${Math.floor((retainedBytes ?? 0) / MUCH)} GB of the log${until}`,
      hint: `Start its reader. If that is gone for good: ${dropSlot(name)}`,
      isForPeople: true,
    },
  ]
}
