import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringifyExact, type ProcessCrmEvent } from '@clientele/contracts';
import { ledgerDay, migrateWriteDatabase } from '@clientele/event-store';
import { createPool } from '@clientele/service-kit';

const MIGRATIONS = fileURLToPath(new URL('../../../../../libs/event-store/migrations', import.meta.url));
/** The code that knew no gaps ended before this migration. */
const FIRST_UNKNOWN_TO_IT = 12;

/** Makes the database what the code that knew no gaps left: its schema, and these changes, parked as it parked them. */
export async function leaveAsEarlierCode(ownerUrl: string, parked: readonly ProcessCrmEvent[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
  const journal = join(folder, 'meta', '_journal.json');
  const all = JSON.parse(await readFile(journal, 'utf8')) as { entries: { idx: number }[] };
  await writeFile(journal, JSON.stringify({ ...all, entries: all.entries.filter(({ idx }) => idx < FIRST_UNKNOWN_TO_IT) }));
  await migrateWriteDatabase(ownerUrl, { folder });
  await rm(folder, { recursive: true });
  const pool = createPool(ownerUrl, { applicationName: 'earlier code', max: 1 });
  const errors = stringifyExact([{ path: '', code: 'unsupported_change', message: 'GAP_UPDATE is not supported yet' }]);
  for (const command of parked) {
    await pool.query(
      `insert into clientele.ledger (command_id, day, command_type, provider, source, outcome, reason, errors, received_at, decided_at, payload)
       values ($1, $2, 'ProcessCrmEvent', $3, $4, 'parked', 'unsupported_change', $5, $6, now() - interval '3 days', $7)`,
      [command.commandId, ledgerDay(command.commandId), command.provider, command.event.source, errors, command.receivedAt, stringifyExact(command)],
    );
    await pool.query(
      'insert into clientele.accepted_counts as c (source, accepted) values ($1, 1) on conflict (source) do update set accepted = c.accepted + 1', [command.event.source],
    );
  }
  await pool.end();
}
