import { beforeEach, inject } from 'vitest'
import './tested-server.ts'

const server = inject('server')
if ('missing' in server) beforeEach(({ skip }) => skip(server.missing))
