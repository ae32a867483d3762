import type { AuditOptions } from '../config.ts'
import type { AuditModel } from '../model/audit-model.ts'
import type { HistoryModel } from '../model/history-model.ts'
import { contextSettings } from './context-settings.ts'
import { renderAuditContext } from './render-audit-context.ts'
import { renderHistory } from './render-history.ts'
import { renderInstallation } from './render-installation.ts'

/** What a client generator of the same schema says about the TypeScript that the project compiles. */
export interface ClientGenerator {
  readonly provider: string
  readonly importFileExtension?: string
  readonly moduleFormat?: string
  readonly generatedFileExtension?: string
}

export interface TypedModuleFile {
  /** Relative to the output folder. */
  readonly path: string
  readonly text: string
}

export interface TypedModuleInput {
  readonly model: AuditModel
  readonly histories: readonly HistoryModel[]
  readonly options: Pick<AuditOptions, 'sessionSettings'>
  readonly clientGenerators: readonly ClientGenerator[]
}

/**
 * The typed module: `index` with `AuditContext` and an `auditContext` that takes nothing else, `history` with the extension that
 * reads, `installation` with the check of a database. Same input, same bytes.
 *
 * Each file imports a package and nothing beside it, so it needs no import extension and compiles as ESM
 * and as CommonJS; only its own extension follows the client's `generatedFileExtension`.
 */
export function renderTypedModule({
  model,
  histories,
  options,
  clientGenerators,
}: TypedModuleInput): readonly TypedModuleFile[] {
  const settings = contextSettings(model, options)
  const extension = fileExtension(clientGenerators)
  return [
    { path: `index.${extension}`, text: renderAuditContext(settings) },
    { path: `history.${extension}`, text: renderHistory(histories) },
    { path: `installation.${extension}`, text: renderInstallation(model) },
  ]
}

const EXTENSIONS = ['ts', 'mts', 'cts']

function fileExtension(generators: readonly ClientGenerator[]): string {
  const wanted = generators.flatMap(({ generatedFileExtension }) => generatedFileExtension ?? [])
  return wanted.find((each) => EXTENSIONS.includes(each)) ?? 'ts'
}
