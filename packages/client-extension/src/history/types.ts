export type * from './answer-types.ts'
export type * from './plan-types.ts'
export type * from './question-types.ts'
export type * from './value-types.ts'
