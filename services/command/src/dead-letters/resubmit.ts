import { ValidationError, type ClienteleConfig, type Command, type EventDispatcher } from '@clientele/contracts';
import { markResubmitted } from '@clientele/event-store';
import type { CrmProvider } from '@clientele/providers';
import { HttpProblem, sourceOf } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { decodeCommand } from '../lanes/decode-command.ts';
import type { WholeLetter } from './dead-letter-store.ts';

export interface ResubmitParts {
  readonly pool: Pool;
  readonly dispatcher: EventDispatcher;
  readonly providers: ReadonlyMap<string, Pick<CrmProvider, 'parse' | 'toEventWrites'>>;
  readonly config: ClienteleConfig;
  /** Whether senders that no configured source matches are taken under their own names. */
  readonly development: boolean;
  readonly now: () => Date;
}

export interface Resubmission {
  readonly by: string;
  readonly correlationId: string;
}

/** Sends kept bodies, and commands that nobody could read, in again, after what was wrong with them was mended elsewhere. */
export class Resubmitter {
  readonly #parts: ResubmitParts;

  constructor(parts: ResubmitParts) {
    this.#parts = parts;
  }

  /**
   * Ids of the commands that were sent; the row stays, marked. Done twice, the second is a repeat.
   * @throws HttpProblem 422 where it is still not understood. @throws UnavailableError where the broker does not take it.
   */
  async resubmit({ letter, payload }: WholeLetter, { by, correlationId }: Resubmission): Promise<readonly string[]> {
    const { dispatcher, pool } = this.#parts;
    const commands = letter.command_type === 'QuarantineBody' ? this.#changesOf(letter, payload, correlationId) : this.#commandOf(payload);
    await dispatcher.dispatch(commands);
    await markResubmitted(pool, letter.id, by);
    return commands.map(({ commandId }) => commandId);
  }

  #changesOf({ id, provider: name }: WholeLetter['letter'], payload: unknown, correlationId: string): readonly Command[] {
    const { providers, config, development, now } = this.#parts;
    const provider = providers.get(name);
    if (provider === undefined) throw still(`provider ${name} is not known`);
    const envelope = understood(() => provider.parse(bytesOf(payload)));
    const source = sourceOf(config, name, envelope.sender, development);
    if (source === null) {
      const message = `name the source that matches ${envelope.sender.name} in CLIENTELE_CONFIG`;
      throw still('No configured source is its sender', [{ path: 'source', code: 'unknown_source', message }]);
    }
    const receivedAt = now().toISOString();
    return provider.toEventWrites(envelope, { source, correlationId: envelope.transactionId ?? correlationId }).map(({ write, rawEvent }) => ({
      type: 'ProcessCrmEvent', schemaVersion: 1, commandId: write.id, provider: name, rawEvent,
      event: { ...write, metadata: { ...write.metadata, causation_id: id } },
      correlationId: write.metadata.correlation_id, receivedAt,
    }));
  }

  #commandOf(payload: unknown): readonly Command[] {
    const received = decodeCommand(payload, this.#parts.now);
    if (!received.readable) throw still('This version cannot read the command either', received.errors);
    return [received.command];
  }
}

function bytesOf(payload: unknown): Buffer {
  if (typeof payload === 'object' && payload !== null && 'body' in payload && typeof payload.body === 'string') return Buffer.from(payload.body, 'base64');
  throw still('No body was kept');
}

function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ValidationError) throw still(error.message, error.findings);
    throw error;
  }
}

function still(detail: string, errors: ConstructorParameters<typeof ValidationError>[1] = []): HttpProblem {
  return new HttpProblem(422, `It is still not understood: ${detail}`, { errors });
}
