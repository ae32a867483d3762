export type { ViewerConnection, ViewerPool } from './database/connection.ts'
export type { Access, AuditViewer, AuditViewerOptions } from './options.ts'
export { createAuditViewer } from './viewer.ts'
