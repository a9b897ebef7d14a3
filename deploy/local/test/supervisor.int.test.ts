import { readFileSync } from 'node:fs';
import { endingOf, endProcess, eventually, isAlive, spawnOwned } from '@clientele/testing';
import t from 'tap';
import { Supervisor, type Part } from '../src/start/supervisor.ts';

function nodePart(folder: string, script: string): Part {
  const logFile = `${folder}/part.log`;
  return {
    name: 'part',
    logFile,
    start: async (spawned) => {
      const child = spawnOwned(process.execPath, ['-e', script], { logFile });
      if (child.pid !== undefined) spawned(child.pid);
      return await Promise.resolve({ ended: endingOf(child), stop: async () => await endProcess(child, 'SIGTERM', 500) });
    },
  };
}

function watched(part: Part): { supervisor: Supervisor; said: string[]; pids: number[] } {
  const [said, pids]: [string[], number[]] = [[], []];
  return { said, pids, supervisor: new Supervisor(part, { say: (line) => said.push(line), spawned: (_name, pid) => pids.push(pid) }) };
}

t.test('what ends is started again, after pauses that double; a loop is told once, with the last words', async (t) => {
  const { supervisor, said, pids } = watched(nodePart(t.testdir({ 'part.log': 'words of an earlier day\n' }), 'console.log("my last words"); process.exit(7)'));
  await supervisor.start();
  await eventually('the loop is told', () => said.some((line) => line.includes('5 times in a row')), { timeoutMs: 30_000 });
  await supervisor.stop();
  t.same(said.slice(0, 4), [0.25, 0.5, 1, 2].map((pause) => `part ended (exit code 7); starting it again in ${pause} s`));
  t.match(said[4], /^part ended 5 times in a row \(exit code 7\); trying again every 10 s/);
  t.same(said.slice(5), ['  my last words'], 'and none of earlier runs');
  t.same(supervisor.lastWords(), ['my last words']);
  t.equal(pids.length, 5);
  t.equal(supervisor.quickEnds, 5);
});

t.test('what says at once that its settings are wrong is not started again', async (t) => {
  const { supervisor, said, pids } = watched({ ...nodePart(t.testdir(), 'console.log("PORT is wrong"); process.exit(2)'), misconfigured: 'exit code 2' });
  await supervisor.start();
  await eventually('it is refused', () => supervisor.isRefused);
  t.same(supervisor.lastWords(), ['PORT is wrong']);
  await supervisor.stop();
  t.same([said, pids.length], [[], 1]);
});

t.test('stopping', async (t) => {
  const folder = t.testdir({ part: {} });
  const { supervisor, said, pids } = watched(nodePart(`${folder}/part`, 'process.on("SIGTERM", () => { console.log("goodbye"); process.exit(0) }); console.log("hello"); setInterval(() => {}, 1000)'));
  await supervisor.start();
  await eventually('its first words', () => readFileSync(`${folder}/part/part.log`, 'utf8').includes('hello'));
  await supervisor.stop();
  t.match(readFileSync(`${folder}/part/part.log`, 'utf8'), 'goodbye', 'cleanly');
  t.same(pids.filter(isAlive), []);
  t.same(said, []);

  const deaf = watched(nodePart(folder, 'process.on("SIGTERM", () => {}); console.log("hello"); setInterval(() => {}, 1000)'));
  await deaf.supervisor.start();
  await eventually('its first words', () => readFileSync(`${folder}/part.log`, 'utf8').includes('hello'));
  await deaf.supervisor.stop();
  t.same(deaf.pids.filter(isAlive), [], 'in the end by force');

  let release = (): void => {};
  const slow = nodePart(folder, 'setInterval(() => {}, 1000)');
  const late = watched({ ...slow, start: async (spawned) => {
    const running = await slow.start(spawned);
    await new Promise<void>((resolve) => { release = resolve; });
    return running;
  } });
  const starting = late.supervisor.start();
  await eventually('its process', () => late.pids.length === 1);
  const stopping = late.supervisor.stop();
  release();
  await Promise.all([starting, stopping]);
  t.same(late.pids.filter(isAlive), [], 'also when it was only starting');
});

t.test('a first start that fails is the caller\'s to handle', async (t) => {
  const { supervisor, said } = watched({ name: 'part', logFile: '/nowhere', start: async () => await Promise.reject(new Error('no port')) });
  await t.rejects(supervisor.start(), /no port/);
  await supervisor.stop();
  t.same(said, []);
});
