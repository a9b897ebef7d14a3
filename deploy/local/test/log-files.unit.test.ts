import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { eventually } from '@clientele/testing';
import t from 'tap';
import { followLogs, lastLines, limitSize, shortLogLine } from '../src/start/log-files.ts';

t.test('the last lines of a log', async (t) => {
  const file = `${t.testdir({ log: 'one\ntwo\n\nthree\n' })}/log`;
  t.same(lastLines(file, 2), ['two', 'three']);
  t.same(lastLines(`${file}.none`, 2), []);
  t.same(lastLines(file, 9, 'one\n'.length), ['two', 'three'], 'not what stood there before');
  t.same(lastLines(file, 9, 1000), ['one', 'two', 'three'], 'all of one that was moved aside');
});

t.test('a log that grows beyond its bound is moved aside, and its writer goes on', async (t) => {
  const file = `${t.testdir({ log: 'short\n' })}/log`;
  limitSize(file);
  t.equal(readFileSync(file, 'utf8'), 'short\n');
  truncateSync(file, 51 * 1024 * 1024);
  limitSize(file);
  t.equal(statSync(file).size, 0);
  t.equal(statSync(`${file}.1`).size, 51 * 1024 * 1024);
  appendFileSync(file, 'next\n');
  t.equal(readFileSync(file, 'utf8'), 'next\n');
});

t.test('what is written from now on is followed, line by line, from all files', async (t) => {
  const folder = t.testdir({ a: 'before\n' });
  const seen: string[] = [];
  const stop = followLogs(new Map([['a', `${folder}/a`], ['b', `${folder}/b`]]), (name, text) => seen.push(`${name}: ${text}`));
  t.teardown(stop);
  t.notOk(existsSync(`${folder}/b`));
  appendFileSync(`${folder}/a`, 'one\nhalf');
  writeFileSync(`${folder}/b`, 'zwei – drei\n');
  await eventually('both', () => seen.length === 2);
  appendFileSync(`${folder}/a`, ' whole\n');
  await eventually('the rest', () => seen.length === 3);
  writeFileSync(`${folder}/b`, 'x\n');
  await eventually('the new beginning', () => seen.length === 4);
  t.same([...seen].sort(), ['a: half whole', 'a: one', 'b: x', 'b: zwei – drei']);
});

t.test('a log line in short', async (t) => {
  t.equal(shortLogLine('{"level":"info","time":"2026-01-01T00:00:00Z","service":"query","message":"started"}'), 'info  started');
  t.equal(shortLogLine('{"level":"error","err":{"message":"no route"},"message":"failed"}'), 'error failed: no route');
  for (const line of ['LOG:  ready', '{"level":30', '{"msg":"of another program"}', '']) t.equal(shortLogLine(line), line);
});
