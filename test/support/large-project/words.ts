import type { Random } from './random.ts'

const list = (words: string) => words.trim().split(/\s+/)

/** One file of the schema folder each. */
export const domains = list(`
  account billing booking calendar catalog chat deployment document form insight inventory mail payroll
  project routing security support survey workflow`)

export const nouns = list(`
  Account Action Alert Answer Asset Attempt Batch Branch Channel Comment Contact Credential Delivery
  Device Draft Entry Event Export Feature Folder Grant Host Import Invite Item Job Key Label Limit Link
  Member Message Metric Note Order Page Plan Policy Profile Quota Reminder Report Role Rule Run Schedule
  Secret Session Slot Snapshot Step Tag Task Team Template Token Trigger User View Webhook`)

export const fieldWords = list(`
  accent active address alias amount attempts avatar body bookingUrl branding budget bytes category city
  code color config content country currency delay description details direction disabled displayName
  domain due duration emailHash enabled ended error expires externalRef failed filter finished first
  flags format frequency group hidden icon index input interval isDefault kind language lastSeen limit
  locale locked logo mask maximum metadata method minimum mode name note offset options order origin
  output payload phone position prefix priority public quantity rank rating reason redirect references
  region retries score secretHash select settings signature size source started state subject subtitle
  suffix summary table target theme threshold timeZone title total trace user value variables verified
  version visible volume weight where width`)

export const variantWords = list(`
  ACTIVE ARCHIVED AUTOMATIC BLOCKED CANCELED DAILY DEFERRED DRAFT EXPIRED FAILED FREE HIDDEN INTERNAL
  LEGACY MANUAL MONTHLY OPEN OWNER PAID PENDING PRIVATE PUBLIC QUEUED REJECTED RUNNING SENT SKIPPED
  TRIAL VERIFIED WEEKLY`)

/** Table names that only a careful quoter survives. */
export const oddTableNames = [
  'user',
  'order',
  'group',
  'table',
  'select',
  'check',
  'analyse',
  'current_user',
  'Line Items',
  "Bob's notes",
  'says "hi"',
  'rate %s',
  'a.b',
  'back\\slash',
  'größe',
  '注文',
  '$1',
  '{model}',
  'UPPER',
  'x;--',
  ' padded ',
] as const

/** `BillingRunStep` gives `billing_run_step`. */
export function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
}

export function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

export function decapitalize(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1)
}

/** A name that is not yet in `taken`, which it is added to: `base`, else with one more word, else numbered. */
export function freshName(base: string, more: readonly string[], taken: Set<string>, random: Random): string {
  let name = base
  for (let tries = 0; taken.has(name); tries += 1) {
    name = tries < 3 ? base + capitalize(random.pick(more)) : `${base}${tries}`
  }
  taken.add(name)
  return name
}
