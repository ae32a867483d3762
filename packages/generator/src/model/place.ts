/** A place in a text file, counted from 1 as editors do. Columns count UTF-16 code units. */
export interface SourcePlace {
  /** Path as the user knows it: relative to the working directory where possible. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** How many characters of that line are meant; at least 1. */
  readonly length: number
}

/** One file of a schema, or of a migrations folder. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}
