// `pnpm demo`. What runs TypeScript here, and in Prisma's own command, would leave its cache in the
// temporary folder; the demo leaves nothing behind.
process.env.TSX_DISABLE_CACHE = '1'
process.env.JITI_FS_CACHE = 'false'

const { register } = await import('tsx/esm/api')
register()
await import('./run.ts')
