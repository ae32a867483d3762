import { foldingEqualsTable } from './folding-property.ts'

foldingEqualsTable({ level: 'statement' })
