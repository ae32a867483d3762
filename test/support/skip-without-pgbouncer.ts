import { beforeEach, inject } from 'vitest'
import './through-pgbouncer.ts'

const pgbouncer = inject('pgbouncer')
if ('missing' in pgbouncer) beforeEach(({ skip }) => skip(pgbouncer.missing))
