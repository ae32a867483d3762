import { AuditContextError } from '../errors.ts'
import { execute, rowsOf, type TestClient } from './test-client.ts'

export interface ClearHistoryOptions {
  /** The database's exact name, where "test" is no word of it. */
  readonly database?: string
}

/** `shop_test`, `test-4711`, `ShopTest`; not `contest`, `latest` or `attested`. */
function isTestName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return words.some((word) => word === 'test' || word === 'tests' || word === 'testing')
}

/**
 * History is known by its guard, in whichever schema it lives. The guard is off only inside this one statement, which
 * takes the table for itself: all of it happens, or nothing, and nobody else ever meets a table without its guard.
 */
const CLEAR = `DO $clear$
DECLARE
  history regclass;
  -- The history, and what it is partitioned into: emptied with it, each by a guard of its own.
  places regclass[];
  place regclass;
BEGIN
  -- A test that left a transaction open is an error, not a run that never ends.
  PERFORM pg_catalog.set_config('lock_timeout', '10s', true);
  FOR history IN
    SELECT t.tgrelid
    FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    WHERE t.tgname = 'append_only' AND f.proname IN ('append_only', 'audit_append_only') AND NOT c.relispartition
    ORDER BY t.tgrelid
  LOOP
    places := ARRAY[history] || ARRAY(SELECT i.inhrelid::regclass FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = history);
    FOREACH place IN ARRAY places LOOP
      EXECUTE pg_catalog.format('ALTER TABLE ONLY %s DISABLE TRIGGER append_only', place);
    END LOOP;
    EXECUTE pg_catalog.format('TRUNCATE %s RESTART IDENTITY', history);
    FOREACH place IN ARRAY places LOOP
      EXECUTE pg_catalog.format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER append_only', place);
    END LOOP;
  END LOOP;
END
$clear$`

/**
 * Empties the history of a test database, so that each test begins with none: every audit table, ids from 1 again. What the
 * application's own tables hold is left alone; empty these first, for that is recorded too.
 *
 * Only the owner of the audit tables can, as every owner could by hand. It runs in a database that says that it is one for
 * tests: by its name, or by yours in `options`.
 *
 * @throws AuditContextError `NOT_A_TEST_DATABASE`, and nothing is changed
 */
export async function clearHistory(client: TestClient, options: ClearHistoryOptions = {}): Promise<void> {
  const [row] = await rowsOf(client, 'SELECT pg_catalog.current_database()::text AS name')
  const name = String(Reflect.get(Object(row), 'name'))
  const isMeant = options.database === undefined ? isTestName(name) : options.database === name
  if (!isMeant) throw notForTests(name)
  await execute(client, CLEAR)
}

function notForTests(name: string): AuditContextError {
  return new AuditContextError(
    'NOT_A_TEST_DATABASE',
    `The history of the database ${JSON.stringify(name)} was not cleared: nothing says that it is one for tests.`,
    {
      hint: `Use a database whose name has the word "test", or say which one you mean: clearHistory(client, { database: '…' }).`,
    },
  )
}
