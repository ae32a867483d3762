import { defineConfig } from 'prisma/config'

const url = process.env.DATABASE_URL

// `prisma generate` needs no database, so a missing DATABASE_URL is no error here.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url === undefined ? {} : { datasource: { url } }),
})
