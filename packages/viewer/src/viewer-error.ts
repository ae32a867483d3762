export type ViewerErrorCode = 'INVALID' | 'NOT_FOUND' | 'NO_RIGHT' | 'TOO_SLOW' | 'UNREACHABLE'

/** What is wrong, in words that may be shown to whoever asked; nothing of the database is in it that he did not ask for. */
export class ViewerError extends Error {
  override readonly name = 'ViewerError'
  readonly code: ViewerErrorCode

  constructor(code: ViewerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
