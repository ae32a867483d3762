import { describe, expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { comment, dollarQuoted, ident, literal, operator, sql, sqlText } from '../../src/sql/sql.ts'
import { column, createSource, install, setting, table } from './fixture.ts'

const ODD_NAMES = [
  'Order',
  'select',
  'with space',
  'quo"te',
  "apo'strophe",
  'back\\slash',
  'dollar$audit$dollar',
  '$$',
  'new\nline -- x',
  'ünïcödé 猫 🐈',
  '%I %s {x}',
  'a'.repeat(63),
  '"; DROP TABLE x; --',
]

describe('a name that needs quotes', () => {
  it.each(ODD_NAMES)('is audited as table, column, key and schema: %j', async (name) => {
    const database = await createDatabase()
    try {
      const odd = table(name, {
        source: { schema: name, name },
        names: {
          table: name,
          captureFunction: name,
          keyFunction: `${name.slice(0, 40)}_key`,
          truncateFunction: `${name.slice(0, 40)}_truncate`,
          insertTrigger: name,
          updateTrigger: `${name.slice(0, 40)}_update`,
          deleteTrigger: `${name.slice(0, 40)}_delete`,
          keyTrigger: `${name.slice(0, 40)}_key`,
          truncateTrigger: `${name.slice(0, 40)}_truncate`,
        },
        columns: [column(name, 'text'), column('s_username', 'text')],
        key: [name],
        settings: [{ ...setting('username String'), column: `${name.slice(0, 40)}_who` }],
      })
      await database.query(createSource(odd))
      await database.query(install(odd))
      await database.query(install(odd))
      const q = sqlText(ident(name))
      await database.query(
        `BEGIN; SELECT set_config('audit.username', 'o''brien', true);
         INSERT INTO ${q}.${q} VALUES ('a', 'x'); UPDATE ${q}.${q} SET ${q} = 'b'; DELETE FROM ${q}.${q};
         INSERT INTO ${q}.${q} VALUES ('c', 'x'); TRUNCATE ${q}.${q}; COMMIT`,
      )
      const rows = await database.query(
        `SELECT string_agg(audit_operation || ${q}, ' ' ORDER BY audit_id) AS history FROM audit.${q}`,
      )
      expect(rows).toEqual([{ history: 'Ia Da Ub Db Ic Dc' }])
    } finally {
      await database.drop()
    }
  })
})

describe('the doors into SQL', () => {
  it('doubles quotes in an identifier', () => expect(sqlText(ident('a"b'))).toBe('"a""b"'))
  it('refuses an identifier with a NUL', () => expect(() => ident('a\0b')).toThrow(/NUL/))
  it('refuses an identifier that PostgreSQL would cut', () =>
    expect(() => ident('é'.repeat(32))).toThrow(/63 bytes/))
  it('writes a literal that does not depend on standard_conforming_strings', () =>
    expect(sqlText(literal("a\\'b"))).toBe("E'a\\\\''b'"))
  it('chooses a dollar quote that the body lacks', () =>
    expect(sqlText(dollarQuoted(sql`${literal('$audit$ $audit2$')}`))).toMatch(/^\$audit3\$\n/))
  it('keeps a comment on its line', () =>
    expect(sqlText(comment('a\nDROP TABLE x\r\u2028y'))).toBe('-- a DROP TABLE x  y'))
  it('keeps line ends inside names and literals when a template indents them', () =>
    expect(sqlText(sql`x\n  ${sql`a\n${literal('b\nc')}`}`)).toBe("x\n  a\n  'b\nc'"))
})

it('an operator has its schema in quotes, and nothing else passes for one', () => {
  expect(sqlText(operator({ schema: 'own "types', name: '#>=#' }))).toBe('OPERATOR("own ""types".#>=#)')
  for (const name of ['', 'and', '>)', '> ', '>--', '/*', '>;', '>\n']) {
    expect(() => operator({ schema: 'public', name })).toThrow(/not an operator/)
  }
})
