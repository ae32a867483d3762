/** A signal ended it; as a shell has it for Ctrl-C. */
export const INTERRUPTED = 130
