import { eventually } from '@clientele/testing';
import t from 'tap';
import { ownEnvironment, runProgram, startSystem } from './support/started-system.ts';

const PARTS = ['ingest', 'nats', 'command', 'postgres', 'projector', 'query'];
const BETWEEN_KILLS = 100;

t.test('each part is killed while an org sends, and what comes out is the org', async (t) => {
  const env = await ownEnvironment(`${t.testdir()}/data`);
  const running = await startSystem(env);
  t.teardown(async () => {
    running.kill('SIGTERM');
    await running.exited;
  });
  const accounting = async (): Promise<{ accepted: number; unaccounted: number; lost: number }> => {
    const { addresses, keys } = running.system;
    const answer = await fetch(`${addresses.query}/accounting`, { headers: { 'x-api-key': keys.query } });
    const { accepted, unaccounted, lost } = await answer.json() as Record<string, unknown>;
    return { accepted: Number(accepted), unaccounted: Number(unaccounted), lost: Number(lost) };
  };

  const demo = await runProgram('demo', env, ['--records=100', '--changes=1500', '--rate=150', '--repeat=0.1', '--reorder=50', '--merge']);
  t.teardown(() => demo.kill('SIGKILL'));
  let seen = 0;
  for (const name of PARTS) {
    const { accepted } = await eventually(`${BETWEEN_KILLS} more changes than ${seen}`, accounting, { until: (now) => now.accepted >= seen + BETWEEN_KILLS, timeoutMs: 60_000 });
    seen = accepted;
    const pid = running.pids().get(name) ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually(`${name} runs again`, () => running.pids().get(name), { until: (now) => now !== undefined && now !== pid, timeoutMs: 30_000 });
  }
  t.equal(await demo.exited, 0, demo.output());
  t.match(demo.output(), /retried [1-9]/, 'it was under load: the sender had to repeat itself');
  t.match(await accounting(), { unaccounted: 0, lost: 0 });
  for (const name of PARTS) t.match(running.output(), `${name} ended (signal SIGKILL); starting it again`);
  const smoke = await runProgram('smoke', env);
  t.equal(await smoke.exited, 0, smoke.output());
});
