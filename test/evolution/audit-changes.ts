import { type Change, type Changed, choose, type Draft, inSchema, settledModel } from './draft.ts'
import { SETTING_NAMES, settingTypes } from './settings.ts'
import { type AuditOptions, type Model, type Setting, withModel } from './world.ts'

export const toggleAudit: Change = (draft, { a }) => {
  const model = settledModel(draft, a)
  if (!model) return undefined
  const { renamedFrom: _, ...rest } = model
  return {
    label: `${model.table}: audit ${model.audited ? 'disabled' : 'enabled'}`,
    draft: inSchema(draft, (world) => ({
      ...withModel(world, {
        ...rest,
        audited: !model.audited,
        // What happens while nobody records is nobody's promise.
        columns: model.columns.map((column, index) => ({ ...column, history: world.next + index })),
      }),
      next: world.next + model.columns.length,
    })),
  }
}

export const changeSettings: Change = (draft, { a, b, c }) => {
  const { settings } = draft.target.audit
  const changed = anotherList(settings, a, b, c)
  return (
    changed &&
    agreeing({
      label: `settings: ${changed.label}`,
      draft: withAudit(draft, { settings: changed.settings }),
    })
  )
}

/** A model's own list, which replaces the generator's. */
export const changeModelSettings: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  if (!model) return undefined
  if (model.settings !== undefined && c % 3 === 0) {
    const { settings: _, ...rest } = model
    return { label: `${model.table}: settings of the generator again`, draft: withOwn(draft, rest) }
  }
  const changed = anotherList(model.settings ?? draft.target.audit.settings, b, c, a)
  if (!changed) return undefined
  const own = { ...model, settings: changed.settings }
  return agreeing({ label: `${model.table}: settings: ${changed.label}`, draft: withOwn(draft, own) })
}

/** One context serves all models: a setting has one type wherever it stands. */
function agreeing(changed: Changed): Changed | undefined {
  const { audit, models } = changed.draft.target
  const all = [audit.settings, ...models.map(({ settings }) => settings ?? [])].flat()
  const types = new Set(all.map(({ name, type }) => `${name} ${type}`))
  return types.size === new Set(all.map(({ name }) => name)).size ? changed : undefined
}

function anotherList(settings: readonly Setting[], a: number, b: number, c: number) {
  const found = choose(settings, b)
  const replace = (setting: Setting) => settings.map((each) => (each === found ? setting : each))
  const missing = SETTING_NAMES.filter((name) => settings.every((each) => each.name !== name))
  const name = choose(missing, b)
  if (name !== undefined && (a % 5 === 0 || !found)) {
    const type = choose(settingTypes(name), c) ?? 'String'
    const setting = { name, type, required: c % 2 === 0, hasDefault: type === 'String' && c % 4 === 0 }
    return {
      label: `${name} ${type} added${setting.required ? ', required' : ''}`,
      settings: [...settings, setting],
    }
  }
  if (!found) return undefined
  if (a % 5 === 1) {
    return { label: `${found.name} removed`, settings: settings.filter((each) => each !== found) }
  }
  if (a % 5 === 2) {
    const type = choose(settingTypes(found.name), c) ?? 'String'
    if (type === found.type) return undefined
    return { label: `${found.name} is now ${type}`, settings: replace({ ...found, type, hasDefault: false }) }
  }
  if (a % 5 === 3) {
    const required = !found.required
    return {
      label: `${found.name} ${required ? 'required' : 'optional'}`,
      settings: replace({ ...found, required, hasDefault: found.hasDefault && required }),
    }
  }
  if (found.type !== 'String' || !found.required) return undefined
  const hasDefault = !found.hasDefault
  return {
    label: `${found.name} ${hasDefault ? 'with' : 'without'} default`,
    settings: replace({ ...found, hasDefault }),
  }
}

export const changeMissingSettings: Change = (draft, { a, b }) => {
  const next = (now: 'refuse' | 'record' | undefined) => (now === 'record' ? 'refuse' : 'record')
  const model = a % 2 === 0 ? settledModel(draft, b, ({ audited }) => audited) : undefined
  const value = next((model ?? draft.target.audit).missingSettings)
  return {
    label: `${model?.table ?? 'generator'}: missingSettings ${value}`,
    draft: model
      ? withOwn(draft, { ...model, missingSettings: value })
      : withAudit(draft, { missingSettings: value }),
  }
}

export const changeTruncate: Change = (draft, { a, b }) => {
  const next = (now: 'refuse' | 'record' | undefined) => (now === 'refuse' ? 'record' : 'refuse')
  const model = a % 2 === 0 ? settledModel(draft, b, ({ audited }) => audited) : undefined
  const value = next((model ?? draft.target.audit).truncate)
  return {
    label: `${model?.table ?? 'generator'}: truncate ${value}`,
    draft: model ? withOwn(draft, { ...model, truncate: value }) : withAudit(draft, { truncate: value }),
  }
}

/** Roles that no cluster has: nothing in a migration asks for them. */
export const changeCaptureWaiver: Change = (draft, { a }) => {
  const { captureWaiverRole: now, ...rest } = draft.target.audit
  const role = choose([undefined, 'the keepers', "o'clock"], a)
  if (role === now) return undefined
  const audit = role === undefined ? rest : { ...rest, captureWaiverRole: role }
  return {
    label: role === undefined ? 'capture cannot be waived' : `capture can be waived by ${role}`,
    draft: inSchema(draft, (world) => ({ ...world, audit })),
  }
}

export const changeLevel: Change = (draft, { a, b }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  if (!model) return undefined
  const { enableAlways: _, ...rest } = model
  const isAlways = model.enableAlways === undefined && b % 2 === 0
  const level = model.level === 'row' && !isAlways ? 'statement' : 'row'
  return {
    label: `${model.table}: level ${level}${isAlways ? ', always' : ''}`,
    draft: withOwn(draft, { ...rest, level, ...(isAlways ? { enableAlways: true } : {}) }),
  }
}

export const changeBackfill: Change = (draft, { a }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  if (!model) return undefined
  const { backfill, ...rest } = model
  return {
    label: `${model.table}: ${backfill ? 'no baseline' : 'baseline'}`,
    draft: withOwn(draft, backfill ? rest : { ...rest, backfill: true }),
  }
}

/** Few partitions a history, so that a sequence does not take for ever. */
export const changePartitions: Change = (draft, { a, b }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  if (!model) return undefined
  const partitionBy = choose(['year', 'quarter', 'none'] as const, b)
  if (partitionBy === undefined || partitionBy === (model.partitionBy ?? 'none')) return undefined
  return {
    label: `${model.table}: partitions by ${partitionBy}`,
    draft: withOwn(draft, { ...model, partitionBy }),
  }
}

const TEMPLATES = {
  table: ['{table}_audit', '{model} history', '{model} in {schema} ✓', "it's {model}"],
  function: ['{table}_audit_{role}', '{role} of {model}', '{schema}: {model} {role}'],
  trigger: ['audit_{operation}', 'after {operation}', '{model}: {operation}'],
  // With one character more than the longest setting, these are as long as a name may be.
  settingColumn: ['audit_{setting}', '{setting}?', '{setting}'],
} as const

/** One of the generator's four templates. */
export const changeNaming: Change = (draft, { a, b }) => {
  const kind = choose(['table', 'function', 'trigger', 'settingColumn'] as const, a) ?? 'table'
  const template = choose<string>(TEMPLATES[kind], b)
  const now = draft.target.audit[kind] ?? TEMPLATES[kind][0]
  if (template === undefined || template === now) return undefined
  return { label: `${kind} template ${template}`, draft: withAudit(draft, { [kind]: template }) }
}

/** A model's own name for its audit table, or the template's again. */
export const changeAuditTable: Change = (draft, { a, b }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  if (!model) return undefined
  const { auditTable: old, ...rest } = model
  if (old !== undefined)
    return { label: `${model.table}: audit table named by template`, draft: withOwn(draft, rest) }
  const auditTable = `own ${b} ${model.id}`
  return {
    label: `${model.table}: audit table ${auditTable}`,
    draft: withOwn(draft, { ...model, auditTable }),
  }
}

export const changeAuditSchema: Change = (draft, { a }) => {
  const schema = choose(['audit', 'Audit Trail ✓', "the 'log'"], a)
  if (schema === undefined || schema === (draft.target.audit.schema ?? 'audit')) return undefined
  return { label: `audit schema ${schema}`, draft: withAudit(draft, { schema }) }
}

function withAudit(draft: Draft, options: Partial<AuditOptions>): Draft {
  return inSchema(draft, (world) => ({ ...world, audit: { ...world.audit, ...options } }))
}

function withOwn(draft: Draft, model: Model): Draft {
  return inSchema(draft, (world) => withModel(world, model))
}
