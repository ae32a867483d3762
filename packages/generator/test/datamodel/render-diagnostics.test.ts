import { describe, expect, test } from 'vitest'
import { type Diagnostic, renderDiagnostics } from '../../src/diagnostics.ts'

const problem = (line: number, column: number, length: number, message = 'Wrong.'): Diagnostic => ({
  code: 'AUD201',
  severity: 'error',
  message,
  place: { file: 'a.prisma', line, column, length },
})
const show = (text: string, ...problems: Diagnostic[]) =>
  renderDiagnostics(problems, [{ path: 'a.prisma', text }])

describe('diagnostics as text', () => {
  test('none are no text', () => {
    expect(renderDiagnostics([], [])).toBe('')
  })

  test('are sorted by file, line and column, those without a place first', () => {
    const text = renderDiagnostics(
      [
        { ...problem(1, 1, 1), place: { file: 'b.prisma', line: 1, column: 1, length: 1 } },
        problem(10, 2, 1),
        problem(2, 9, 1),
        problem(2, 1, 1),
        { code: 'AUD508', severity: 'info', message: 'Nothing.' },
        { ...problem(3, 1, 1), severity: 'warning' },
      ],
      [],
    )
    expect(text.match(/^\S+:\d+:\d+|^info/gm)).toEqual([
      'info',
      'a.prisma:2:1',
      'a.prisma:2:9',
      'a.prisma:3:1',
      'a.prisma:10:2',
      'b.prisma:1:1',
    ])
    expect(text.trimEnd().split('\n').at(-1)).toBe('4 errors, 1 warning, 1 note')
  })

  test('put the caret under the place, also behind tabs and in a long line', () => {
    const caret = (text: string, column: number, length: number) => {
      const [, line = '', marks = ''] = show(text, problem(1, column, length)).split('\n')
      return line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)
    }
    expect(caret('\t\tword x', 3, 4)).toBe('word')
    expect(caret(`${'x '.repeat(500)}here${' y'.repeat(500)}`, 1001, 4)).toBe('here')
    expect(caret('short', 4, 400)).toBe('rt')
  })

  test('cannot steer the terminal', () => {
    const text = show('a\u001b[2J\u202eb', problem(1, 1, 1, 'Not \u001b[31mred.'))
    expect(['\u001b', '\u202e'].filter((each) => text.includes(each))).toEqual([])
  })

  test('without the file still name the place', () => {
    expect(renderDiagnostics([problem(7, 3, 1)], [])).toBe('a.prisma:7:3 - error AUD201: Wrong.\n\n1 error\n')
  })
})
