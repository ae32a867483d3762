import { createAuditViewer } from 'prisma-audit-viewer'

/** The history as a page of the application. It stands in for authentication: it believes what the header says. */
export const GET = createAuditViewer({
  connectionString: process.env.DATABASE_URL ?? '',
  basePath: '/admin/audit',
  authorize: (request) => request.headers.get('x-user') === 'support',
})
