export { type ClearHistoryOptions, clearHistory } from './clear-history.ts'
export type { TestClient } from './test-client.ts'
export { testContext } from './test-context.ts'
