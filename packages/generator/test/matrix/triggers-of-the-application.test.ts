import { describe, expect, it } from 'vitest'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()

/** Each changes a row before it is written, or keeps it from being written. */
const BEFORE = [
  ['sets a column', `NEW.note := upper(NEW.note); RETURN NEW`, ['I (1,A)', 'U (1,B)', 'D (1,B)']],
  [
    'puts another key in place',
    `NEW.id := 10 + NEW.id % 10; RETURN NEW`,
    ['I (11,a)', 'U (11,b)', 'D (11,b)'],
  ],
  ['keeps the row out', 'RETURN NULL', []],
  [
    'undoes an update',
    `IF TG_OP = 'UPDATE' THEN RETURN OLD; END IF; RETURN NEW`,
    ['I (1,a)', 'U (1,a)', 'D (1,a)'],
  ],
] as const

describe.each(WAYS)('%s', (_, way) => {
  it.each(BEFORE)('records what is written where a BEFORE trigger %s', async (_trigger, body, expected) => {
    const { name, history } = await audited(way)
    const call = `before_${name.replaceAll(/\W/g, '')}`
    await run(`CREATE FUNCTION ${call}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; END $$;
      CREATE TRIGGER b BEFORE INSERT OR UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${call}()`)
    await run(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET note = 'b'; DELETE FROM ${name}`)
    const unchanged = 'updates' in way ? expected.filter((row) => row !== 'U (1,a)') : expected
    expect(await history()).toEqual(unchanged)
  })

  it('records no delete that a BEFORE trigger makes an update of, and the update', async () => {
    const { name, history } = await audited(way)
    const call = `soft_${name.replaceAll(/\W/g, '')}`
    await run(`CREATE FUNCTION ${call}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE ${name} SET note = 'deleted' WHERE id = OLD.id; RETURN NULL; END $$;
      CREATE TRIGGER b BEFORE DELETE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${call}()`)
    await run(`INSERT INTO ${name} VALUES (1, 'a'); DELETE FROM ${name}`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,deleted)'])
  })

  it('records what is written through a view, by itself and by an INSTEAD OF trigger', async () => {
    const { name, history } = await audited(way)
    const view = `view_${name.replaceAll(/\W/g, '')}`
    await run(`CREATE VIEW ${view} AS SELECT id, note FROM ${name} WHERE id > 0;
      CREATE VIEW ${view}_2 AS SELECT id, lower(note) AS note FROM ${name};
      CREATE FUNCTION ${view}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO ${name} VALUES (NEW.id, NEW.note || '!'); RETURN NEW; END $$;
      CREATE TRIGGER i INSTEAD OF INSERT ON ${view}_2 FOR EACH ROW EXECUTE FUNCTION ${view}()`)
    await run(`INSERT INTO ${view} VALUES (1, 'a'); UPDATE ${view} SET note = 'b'; INSERT INTO ${view}_2 VALUES (2, 'c');
      DELETE FROM ${view}`)
    expect((await history()).slice(0, 3)).toEqual(['I (1,a)', 'U (1,b)', 'I (2,c!)'])
    expect((await history()).slice(3).toSorted()).toEqual(['D (1,b)', 'D (2,c!)'])
  })

  it('records what a deferred constraint trigger writes at COMMIT', async () => {
    const { name, history } = await audited(way)
    const call = `late_${name.replaceAll(/\W/g, '')}`
    await run(`CREATE FUNCTION ${call}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE ${name} SET note = note || '!' WHERE id = NEW.id; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER late AFTER INSERT ON ${name} DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION ${call}()`)
    await run(`BEGIN; INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET note = 'b'; COMMIT`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,b)', 'U (1,b!)'])
  })
})
