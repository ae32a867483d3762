import { readFileSync } from 'node:fs'

/**
 * `node totals.js <vitest's JSON result> <exit code of the test command>`: prints how many tests passed
 * and failed as its last line, and exits as the test command did. A file that could not be loaded, and a
 * step before the tests (types, lint) that failed, counts as one failure.
 */
const [file = '', exitCode = '1'] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const { numPassedTests: passed = 0, testResults = [] } = text === '' ? {} : JSON.parse(text)

let failed = 0
for (const { status, assertionResults } of testResults) {
  const tests = assertionResults.filter((test) => test.status === 'failed').length
  failed += status === 'failed' ? Math.max(tests, 1) : tests
}
const code = Number(exitCode) || (failed > 0 ? 1 : 0)
if (text === '') console.error('A step before the tests failed: no test was run.')
if (code !== 0) failed = Math.max(failed, 1)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = code
