import type { SourcePlace } from '../model/place.ts'

/** What the text says, before anybody asks whether it makes sense. Every node knows its place. */
export interface Located {
  readonly place: SourcePlace
}

export interface WordSyntax extends Located {
  readonly kind: 'word'
  readonly word: string
}

export interface StringSyntax extends Located {
  readonly kind: 'string'
  readonly text: string
}

export interface NumberSyntax extends Located {
  readonly kind: 'number'
  /** As written; `1.50` stays `1.50`. */
  readonly digits: string
}

export interface ListSyntax extends Located {
  readonly kind: 'list'
  readonly elements: readonly ValueSyntax[]
}

/** `@db.VarChar(20)` is `{ name: 'db.VarChar', args: [20] }`. */
export interface AttributeSyntax extends Located {
  readonly name: string
  readonly args: readonly ValueSyntax[]
}

/** A session setting, written as a Prisma field: `name Type? @db.X @default("…")`. */
export interface SettingSyntax extends Located {
  readonly kind: 'setting'
  readonly name: string
  readonly type: WordSyntax
  readonly optional: boolean
  readonly list: boolean
  readonly attributes: readonly AttributeSyntax[]
}

export type ValueSyntax = WordSyntax | StringSyntax | NumberSyntax | ListSyntax | SettingSyntax

/** `enabled`, or `level: row`. */
export interface OptionSyntax extends Located {
  readonly name: WordSyntax
  readonly value?: ValueSyntax
}

export interface AnnotationSyntax extends Located {
  readonly options: readonly OptionSyntax[]
}
