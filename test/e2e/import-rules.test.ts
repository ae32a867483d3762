import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')
const configuration = fileURLToPath(new URL('../../biome.json', import.meta.url))

const generator = 'packages/generator/src'
const extension = 'packages/client-extension/src'
const viewer = 'packages/viewer'

const forbidden: [file: string, imported: string][] = [
  [`${generator}/model/a.ts`, 'node:fs'],
  [`${generator}/model/a.ts`, '../state/database-state.ts'],
  [`${generator}/annotation/a.ts`, '@prisma/dmmf'],
  [`${generator}/datamodel/a.ts`, '../sql/sql.ts'],
  [`${generator}/datamodel/a.ts`, 'node:fs'],
  [`${generator}/state/a.ts`, '../sql/sql.ts'],
  [`${generator}/state/a.ts`, 'node:crypto'],
  [`${generator}/state/a.ts`, '@prisma/dmmf'],
  [`${generator}/sql/a.ts`, '@prisma/dmmf'],
  [`${generator}/sql/a.ts`, '../migration/fold.ts'],
  [`${generator}/seal/a.ts`, 'pg'],
  [`${generator}/seal/a.ts`, 'node:fs'],
  [`${generator}/seal/a.ts`, '../sql/sql.ts'],
  [`${generator}/migration/a.ts`, '@prisma/dmmf'],
  [`${generator}/installation/a.ts`, '../migration/fold.ts'],
  [`${generator}/installation/a.ts`, 'node:fs'],
  [`${generator}/compile.ts`, 'node:fs'],
  [`${extension}/settings.ts`, '@prisma/client'],
  [`${extension}/errors.ts`, 'node:util'],
  [`${extension}/extension.ts`, 'node:async_hooks'],
  [`${viewer}/src/sql/a.ts`, 'pg'],
  [`${viewer}/src/sql/a.ts`, '../questions/chart.ts'],
  [`${viewer}/src/catalog/a.ts`, 'pg'],
  [`${viewer}/src/questions/a.ts`, '../http/api.ts'],
  [`${viewer}/src/http/a.ts`, 'node:http'],
  [`${viewer}/page/src/a.ts`, '../../src/viewer.ts'],
  [`${viewer}/page/src/a.ts`, '../../src/sql/sql.ts'],
]

const allowed: [file: string, imported: string][] = [
  [`${generator}/datamodel/a.ts`, '@prisma/dmmf'],
  [`${generator}/state/a.ts`, '../model/names.ts'],
  [`${generator}/sql/a.ts`, '../state/database-state.ts'],
  [`${generator}/installation/a.ts`, '../sql/sql.ts'],
  [`${generator}/seal/a.ts`, 'node:crypto'],
  [`${generator}/seal/a.ts`, '../model/seal.ts'],
  [`${generator}/migration/a.ts`, 'node:fs'],
  [`${generator}/generator.ts`, 'node:fs'],
  [`${extension}/async-context.ts`, 'node:async_hooks'],
  [`${viewer}/src/sql/a.ts`, '../catalog/history.ts'],
  [`${viewer}/src/questions/a.ts`, '../sql/search.ts'],
  [`${viewer}/src/http/a.ts`, '../questions/chart.ts'],
  [`${viewer}/page/src/a.ts`, '../../src/answers.ts'],
]

describe('The import rules of the house are lint errors', () => {
  let folder = ''
  let report = ''
  const path = (index: number, file: string) => file.replace(/a\.ts$/, `case-${index}.ts`)
  const all = [...forbidden, ...allowed]

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-import-rules-'))
    cpSync(configuration, join(folder, 'biome.json'))
    for (const [index, [file, imported]] of all.entries()) {
      const target = join(folder, path(index, file))
      mkdirSync(dirname(target), { recursive: true })
      // A file with a fixed name may hold several cases: each line names its import.
      writeFileSync(target, `export * from '${imported}'\n`, { flag: 'a' })
    }
    const result = spawnSync(
      process.execPath,
      [biome, 'lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=github', '.'],
      { cwd: folder, encoding: 'utf8' },
    )
    report = result.stdout
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const complaints = (index: number, file: string) =>
    report
      .split('\n')
      .filter((line) => line.includes('noRestrictedImports') && line.includes(path(index, file)))

  test.each(forbidden.map(([file, imported], index) => ({ file, imported, index })))(
    '$file may not import $imported',
    ({ file, index }) => expect(complaints(index, file)).not.toEqual([]),
  )

  test.each(allowed.map(([file, imported], index) => ({ file, imported, index: forbidden.length + index })))(
    '$file may import $imported',
    ({ file, index }) => expect(complaints(index, file)).toEqual([]),
  )
})
