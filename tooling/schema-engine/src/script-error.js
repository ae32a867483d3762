// @ts-check

/**
 * Why PostgreSQL refused a script.
 * @typedef {object} ScriptError
 * @property {string} code its SQLSTATE
 * @property {string} text its words, and where in the script
 * @property {import('@prisma/driver-adapter-utils').Error} cause the same for the engine
 */

/**
 * @param {unknown} thrown what `pg` threw
 * @param {string} script
 * @returns {ScriptError | undefined} `undefined` for what is not PostgreSQL's answer, a lost connection for one
 */
export function describeScriptError(thrown, script) {
  const { code, severity, message, detail, hint, position } = /** @type {import('pg').DatabaseError} */ (
    thrown
  )
  if (!code || !severity) return undefined
  const lines = [
    message,
    detail && `DETAIL: ${detail}`,
    hint && `HINT: ${hint}`,
    position && `\nPosition:\n${excerpt(script, Number(position))}`,
  ]
  const words = lines.filter(Boolean).join('\n')
  // The engine would turn codes that it knows into sentences of its own ("No such table"), so it gets none.
  // In the words, the code reaches `_prisma_migrations.logs`.
  const cause = /** @type {const} */ ({
    kind: 'postgres',
    code: 'N/A',
    severity,
    message: `${words}\n\nDatabase error code: ${code}`,
    detail,
    column: undefined,
    hint,
    originalCode: code,
    originalMessage: message,
  })
  return { code, text: `${severity}: ${words}`, cause }
}

/**
 * The line that holds the character at `position` (from 1), numbered, after up to five lines before it.
 *
 * @param {string} script
 * @param {number} position
 */
function excerpt(script, position) {
  // PostgreSQL counts characters, JavaScript UTF-16 units.
  const line = [...script]
    .slice(0, position - 1)
    .join('')
    .split('\n').length
  const from = Math.max(0, line - 6)
  return script
    .split('\n')
    .slice(from, line)
    .map((text, index) => `${String(from + index + 1).padStart(3)} ${text}`)
    .join('\n')
}

/**
 * The answer of the native engine to a migration that fails. The WebAssembly engine knows neither the code
 * P3018 nor PostgreSQL's; it wraps the adapter's error in a trace of its own functions.
 *
 * @param {{ message: string, code?: string }} error the engine's
 * @param {ScriptError | undefined} failure the last script that PostgreSQL refused
 * @returns {{ message: string, code?: string }}
 */
export function asMigrationError(error, failure) {
  // Another error may have followed, and then it is the one that the engine reports.
  if (!failure || !error.message.includes(failure.cause.originalMessage ?? failure.text)) return error
  const [, replayed] = /^Migration `([^`]*)` failed to apply cleanly/.exec(error.message) ?? []
  const [, applied] = /apply_script\s+with migration_name="([^"]*)"/.exec(error.message) ?? []
  const name = replayed ?? applied
  if (name === undefined) return error
  const body = `A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve

Migration name: ${name}

Database error code: ${failure.code}

Database error:
${failure.text}
`
  if (replayed === undefined) return { message: body, code: 'P3018' }
  const head = `Migration \`${name}\` failed to apply cleanly to the shadow database. \nError code: P3018\nError:\n`
  return { ...error, message: head + body }
}
