import type { Block } from './blocks.ts'

/** A block by its page and its first line, so that lines above it may come and go. */
export const keyOf = ({ page, code }: Block) => `${page}: ${code.split('\n')[0]}`

/** Pages whose files and SQL another test runs as what they are: whole programs, tests, servers, roles. They are compiled all the same. */
export const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/quick-start.md': 'test/e2e/quick-start.test.ts',
  'docs/history.md': 'test/e2e/history-document.test.ts',
  'docs/recipes/from-packages.md': 'test/e2e/recipe-from-packages.test.ts',
  'docs/recipes/from-triggers.md': 'test/e2e/recipe-from-triggers.test.ts',
  'docs/roles.md': 'test/e2e/roles-document.test.ts',
  'docs/testing.md': 'test/e2e/testing-document.test.ts',
  'docs/replication.md': 'test/e2e/replication-document.test.ts',
}

/** Blocks that are not run, and why. Each has to be there. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "packages/client-extension/README.md: import { clearHistory, testContext } from 'prisma-extension-audit/testing'":
    'it clears what the others have written; docs/testing.md, where it is told, is run by a test of its own',
}

/** SQL that nobody can run as it stands, and why. Each has to be there. */
export const ILLUSTRATION: Readonly<Record<string, string>> = {
  'docs/schema-changes.md: SELECT audit_id, coalesce(delta, delta__2) AS delta FROM audit."StockMovement_audit" WHERE id = 7 ORDER BY audit_id;':
    'a column that a change of its type has set aside',
  'docs/sql.md: changed."area"::text': 'a part of a statement',
  'docs/sql.md: INSERT INTO "audit"."Order_audit" ("audit_id", "audit_operation", …)':
    'a list that is cut short',
  'docs/sql.md: CASE': 'a part of a statement',
  'docs/sql.md: -- in the function, for the row NEW: the newest value that the history holds of it':
    'a part of a function',
  'docs/sql.md: "audit"."hash_value"(changed."iban", \'"audit"."Customer_audit"\', \'iban\')':
    'a part of a statement',
  'packages/client-extension/README.md: BEGIN': 'what the client sends, with its bind parameters',
}

/** Blocks that are the generator's own output: packages/generator/test/documents.test.ts compares them with what it writes. */
export const COMPARED = {
  page: 'docs/sql.md',
  code: /^\s*(CREATE|IF TG_OP|LOOP|-- {1,2}An|-- Refused)/,
}
