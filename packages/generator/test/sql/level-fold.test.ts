import { describe } from 'vitest'
import { foldingEqualsTable, TWICE } from './folding-property.ts'

describe('level row', () => foldingEqualsTable({ level: 'row' }, TWICE))

describe('updates: changed', () => foldingEqualsTable({ level: 'row', updates: 'changed' }, TWICE))
