export type * from './types/answer-types.ts'
export type * from './types/plan-types.ts'
export type * from './types/question-types.ts'
export type * from './types/value-types.ts'
