import { ident, literal, sqlText } from '../../src/sql/sql.ts'
import type { RandomColumn, RandomReference, RandomTable } from './random-schema.ts'

type NewTable = Omit<RandomTable, 'audited' | 'create'>

/** Who writes under row level security; one of this run's own, for roles belong to the cluster. */
export const WRITER = `random writer ${process.pid}`

export const quoted = (name: string) => sqlText(ident(name))

/** The statements that make a table, with what the application has on it. */
export function createText(table: NewTable): string {
  return [tableText(table), triggerText(table), policyText(table)].filter((each) => each !== '').join(';\n')
}

/** A partitioned table has one partition for one value, and one for all others. */
function tableText({ root, parts, columns, key, references, inherits }: NewTable): string {
  const own = columns.slice(inherits?.columns.length ?? 0)
  const entries = [...own.map(columnText), ...constraints(root, key, references)].join(',\n  ')
  const [first] = key
  const [one, others] = parts
  if (first === undefined || one === undefined) {
    return `CREATE TABLE ${root} (\n  ${entries}\n)${inherits === null ? '' : ` INHERITS (${inherits.root})`}`
  }
  return `CREATE TABLE ${root} (\n  ${entries}\n) PARTITION BY LIST (${quoted(first.name)});
CREATE TABLE ${one} PARTITION OF ${root} FOR VALUES IN (${typed(first, first.kind.values[0] ?? '')});
CREATE TABLE ${others} PARTITION OF ${root} DEFAULT`
}

function constraints(
  root: string,
  key: readonly RandomColumn[],
  references: readonly RandomReference[],
): readonly string[] {
  return [
    `PRIMARY KEY (${namesOf(key)})`,
    ...references.map(
      ({ parent, parentKey, columns, clauses }) =>
        `FOREIGN KEY (${namesOf(columns)}) REFERENCES ${parent?.root ?? root} (${namesOf(parentKey)}) ${clauses}`,
    ),
  ]
}

function columnText({ name, kind, expression }: RandomColumn): string {
  const generated = expression === undefined ? '' : ` GENERATED ALWAYS AS (${expression}) STORED`
  return `${quoted(name)} ${kind.source}${generated}`
}

/**
 * BEFORE triggers that write another value than was given, or keep the row out; an AFTER trigger that writes the row again, and is called
 * after those of the audit.
 */
function triggerText({ root, columns, key, trigger }: NewTable): string {
  const column = columns.find((each) => !each.isKey && !each.isForeign && each.expression === undefined)
  if (column === undefined || trigger === null) return ''
  const name = quoted(column.name)
  const value = typed(column, column.kind.values[0] ?? '')
  const isSame = key.map((each) => `${quoted(each.name)} = NEW.${quoted(each.name)}`)
  const isNull = (row: string) => `${row}.${name} IS NOT DISTINCT FROM NULL`
  const [when, body] = {
    change: [
      'BEFORE INSERT OR UPDATE',
      `IF ${isNull('NEW')} THEN NEW.${name} := ${value}; END IF; RETURN NEW;`,
    ],
    skip: [
      'BEFORE INSERT OR UPDATE OR DELETE',
      `IF TG_OP <> 'INSERT' AND ${isNull('OLD')} THEN RETURN NULL; END IF;
      IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;`,
    ],
    again: [
      'AFTER INSERT',
      `UPDATE ${root} SET ${name} = ${value} WHERE ${isSame.join(' AND ')}; RETURN NULL;`,
    ],
  }[trigger]
  const called = root.replace(/"$/, ' writes"')
  return `CREATE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql AS $random$ BEGIN ${body} END $random$;
CREATE TRIGGER zzz ${when} ON ${root} FOR EACH ROW EXECUTE FUNCTION ${called}()`
}

function policyText({ root, key: [first], isLimited }: NewTable): string {
  if (!isLimited || first === undefined) return ''
  return `ALTER TABLE ${root} ENABLE ROW LEVEL SECURITY;
CREATE POLICY partly ON ${root} TO ${quoted(WRITER)} USING (${quoted(first.name)} <> ${typed(first, first.kind.values[0] ?? '')})`
}

/** A value of the column's, in SQL. */
export function typed({ kind }: Pick<RandomColumn, 'kind'>, text: string): string {
  return `${sqlText(literal(text))}::${kind.source}`
}

export function namesOf(columns: readonly RandomColumn[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ')
}
