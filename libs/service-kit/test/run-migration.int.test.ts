import { spawnService } from '@clientele/testing';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ENTRY = fileURLToPath(new URL('./fixtures/demo-migration.js', import.meta.url));

t.test('a migration ends with what a caller can tell apart', async (t) => {
  const ends: [env: Record<string, string>, args: string[], code: number, output: RegExp][] = [
    [{ DEMO_END: 'well' }, [], 0, /"message":"migrated"/],
    [{}, ['--help'], 0, /DEMO_END[^]*How to end/],
    [{}, [], 2, /^clientele demo-migrate failed: .*\n {2}DEMO_END is missing/],
    [{ DEMO_END: 'lanes' }, [], 2, /^clientele demo-migrate failed: set LANES=4\n$/],
    [{ DEMO_END: 'foreign' }, [], 1, /^clientele demo-migrate failed: made by another version\n$/],
    [{ DEMO_END: 'away' }, [], 1, /^clientele demo-migrate failed: the broker is away\n$/],
    [{ DEMO_END: 'bug' }, [], 1, /^clientele demo-migrate failed: TypeError: not foreseen\n {4}at .*demo-migration/],
  ];
  for (const [env, args, code, output] of ends) {
    const migration = await spawnService(ENTRY, env, args);
    t.equal(await migration.exited, code, output.source);
    t.match(migration.output(), output);
  }
});
