import type { AnnotationWord } from './parse-annotation.ts'

export interface AnnotationWordRow {
  readonly on: 'model' | 'field' | 'both'
  /** How its value is written; empty for a word that stands alone. */
  readonly value: string
  /** One line for the documents. */
  readonly documentation: string
}

/** Every word of `@audit(…)`, for the documents and for hints. Where a word may stand is decided in `datamodel/node-annotation.ts`. */
export const ANNOTATION_WORDS: { readonly [Word in AnnotationWord]: AnnotationWordRow } = {
  enabled: { on: 'model', value: '', documentation: 'Each change leaves a row in the history.' },
  disabled: {
    on: 'model',
    value: '',
    documentation: 'Not audited, on purpose. A history that is there stays, and is written no more.',
  },
  sessionSettings: {
    on: 'model',
    value: '`[username String, reason String?]`',
    documentation: "What comes with every write of this model, in place of the generator block's.",
  },
  facts: {
    on: 'model',
    value: '`[client_addr, application_name, changed_columns]`',
    documentation:
      'What PostgreSQL knows of every write, in place of what the generator block says; [facts](docs/sql.md#facts).',
  },
  level: {
    on: 'model',
    value: '`statement`, `row`',
    documentation:
      'Whether the triggers are called once a statement (the default) or for each row; [when to choose it](docs/sql.md#row-by-row-level-row).',
  },
  updates: {
    on: 'model',
    value: '`all`, `changed`',
    documentation: '`changed` leaves out updates that change nothing of what is recorded.',
  },
  truncate: {
    on: 'model',
    value: '`record`, `refuse`',
    documentation: 'What happens to TRUNCATE, in place of what the generator block says.',
  },
  missingSettings: {
    on: 'model',
    value: '`refuse`, `record`',
    documentation:
      'What happens to a write without a required setting, in place of what the generator block says.',
  },
  enableAlways: {
    on: 'model',
    value: '`true`, `false`',
    documentation:
      'Records what replication applies, too; [subscribers](docs/sql.md#subscribers-and-replicas-enablealways).',
  },
  partitionBy: {
    on: 'model',
    value: '`month`, `quarter`, `year`, `none`',
    documentation: 'How much time a partition of the history holds; [partitions](docs/partitions.md).',
  },
  backfill: {
    on: 'model',
    value: '`true`, `false`, `batches`',
    documentation:
      'Gives rows from before the audit a row `B`, in the migration or by the command `backfill`; [baseline](docs/sql.md#baseline-backfill-true).',
  },
  table: { on: 'model', value: '`"orders_history"`', documentation: 'Name of this audit table.' },
  function: {
    on: 'model',
    value: '`"orders_{role}"`',
    documentation: "Name of this table's functions, with their placeholder.",
  },
  trigger: {
    on: 'model',
    value: '`"0_audit_{operation}"`',
    documentation: "Name of this table's triggers, with their placeholder.",
  },
  record: {
    on: 'field',
    value: '',
    documentation: 'Values are recorded: the default, written out for a field that is named like a secret.',
  },
  exclude: { on: 'field', value: '', documentation: 'The history has no such column.' },
  redact: {
    on: 'field',
    value: '',
    documentation:
      'That there is a value, and that it changed, and never the value; [redacted](docs/sql.md#redacted-columns).',
  },
  hash: {
    on: 'field',
    value: '',
    documentation: 'A keyed hash in place of the value; [hashed](docs/sql.md#hashed-columns).',
  },
  whenChanged: {
    on: 'field',
    value: '',
    documentation:
      'Recorded only when it changes, for big values; [big columns](docs/sql.md#big-columns-whenchanged).',
  },
  personal: {
    on: 'field',
    value: '',
    documentation:
      'A personal value, which `erase` reaches without being told; [whose data](docs/erasure.md#whose-data-a-row-is).',
  },
  subject: {
    on: 'field',
    value: '`Customer`',
    documentation:
      'The row is about the row of that model whose key stands here; [whose data](docs/erasure.md#whose-data-a-row-is).',
  },
  renamedFrom: {
    on: 'both',
    value: '`"old_name"`',
    documentation:
      'The table or column whose history this one goes on with; [renames](docs/schema-changes.md#renames).',
  },
}

/** The words that may stand on a node. */
export const wordsOn = (node: 'model' | 'field'): readonly string[] =>
  Object.entries(ANNOTATION_WORDS)
    .filter(([, { on }]) => on === node || on === 'both')
    .map(([word]) => word)
