import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';

/** Loaded into a service before its own code (`--import`): profiles it from its start and writes the profile when it exits. */
const folder = process.env['BENCH_PROFILES'] ?? '.';
const service = /services\/(\w+)\/dist\/src\/main\.js$/.exec(process.argv[1] ?? '')?.[1];

if (service !== undefined) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  process.on('exit', () => {
    session.post('Profiler.stop', (error, stopped) => {
      if (error === null) writeFileSync(join(folder, `${service}-${process.pid}.cpuprofile`), JSON.stringify(stopped.profile));
    });
  });
}
