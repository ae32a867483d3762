/** Of a schema with both generators, and a setting that no write needs; the models follow. */
export const SCHEMA_HEAD = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String?"]
}

datasource db {
  provider = "postgresql"
}

`
