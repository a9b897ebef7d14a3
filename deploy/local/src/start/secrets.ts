import { randomBytes } from 'node:crypto';
import { freePort } from '@clientele/testing';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const PASSWORDS = [
  'postgres', 'commandRole', 'logReaderRole', 'projectorRole', 'queryRole',
  'natsOperator', 'natsIngest', 'natsCommand', 'natsProjector', 'natsConsumer',
] as const;
type Password = (typeof PASSWORDS)[number];

/** What is drawn at the first start and kept, so that data and addresses survive a restart. */
export interface Secrets {
  readonly passwords: Readonly<Record<Password, string>>;
  readonly postgresPort: number;
  readonly natsPort: number;
}

export async function openSecrets(file: string): Promise<Secrets> {
  const kept = readJsonFile(file);
  if (isSecrets(kept)) return kept;
  const secrets: Secrets = { passwords: drawPasswords(), postgresPort: await freePort(), natsPort: await freePort() };
  writeJsonFile(file, secrets);
  return secrets;
}

/** The broker reads its passwords by the rules of its configuration file: a letter first, then letters and digits. */
function drawPasswords(): Record<Password, string> {
  const draw = (): string => `p${randomBytes(18).toString('hex')}`;
  return {
    postgres: draw(), commandRole: draw(), logReaderRole: draw(), projectorRole: draw(), queryRole: draw(),
    natsOperator: draw(), natsIngest: draw(), natsCommand: draw(), natsProjector: draw(), natsConsumer: draw(),
  };
}

function isSecrets(value: unknown): value is Secrets {
  if (typeof value !== 'object' || value === null || !('passwords' in value)) return false;
  const { passwords } = value;
  if (typeof passwords !== 'object' || passwords === null) return false;
  const texts = new Map<string, unknown>(Object.entries(passwords));
  return PASSWORDS.every((name) => typeof texts.get(name) === 'string')
    && 'postgresPort' in value && Number.isSafeInteger(value.postgresPort) && 'natsPort' in value && Number.isSafeInteger(value.natsPort);
}
