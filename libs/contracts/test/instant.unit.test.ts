import t from 'tap';
import { isInstant } from '../src/instant.ts';

t.test('times are those of the calendar', async (t) => {
  for (const time of ['2025-04-24T10:00:00Z', '2025-04-24T10:00:00.123456+02:00']) t.ok(isInstant(time), time);
  for (const time of ['2025-02-30T10:00:00Z', '2025-04-24', '2025-04-24T25:00:00Z', '0000-01-01T00:00:00Z', 'now']) t.notOk(isInstant(time), time);
});
