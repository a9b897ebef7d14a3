import { ValidationError, type ClienteleConfig, type Command, type EventDispatcher, type Finding } from '@clientele/contracts';
import type { CrmEnvelope, CrmProvider, TakenChange } from '@clientele/providers';
import { HttpProblem, sourceOf, type ApiKey } from '@clientele/service-kit';
import { quarantineBody, type Quarantined } from '../quarantine/quarantine-body.ts';
import type { IntakeMetrics } from './intake-metrics.ts';
import { processCrmEvent } from './process-crm-event.ts';

export interface IntakeParts {
  readonly provider: CrmProvider;
  readonly config: ClienteleConfig;
  readonly development: boolean;
  readonly dispatcher: EventDispatcher;
  readonly metrics: IntakeMetrics;
}

/** A body of an authentic sender. */
export interface Delivery {
  readonly body: Uint8Array;
  readonly key: ApiKey | null;
  /** Settles the correlation id: the sender's own, else the given one, else a new one. */
  readonly correlate: (transactionId: string | null) => string;
}

export type Receipt =
  | { readonly kind: 'accepted'; readonly changes: readonly TakenChange[]; readonly receivedAt: string }
  | { readonly kind: 'quarantined'; readonly quarantineId: string; readonly detail: string; readonly correlationId: string };

/** Takes in the bodies of one CRM. What it has answered for is on the broker's disk: the changes, or the body whole. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * @throws HttpProblem 400 for what nobody understands (kept whole before), 401 for a key of another source, 413 for what the broker cannot hold.
   * @throws UnavailableError when the broker does not take it.
   */
  async take(delivery: Delivery): Promise<Receipt> {
    const receivedAt = new Date().toISOString();
    const envelope = await this.#parse(delivery, receivedAt);
    const correlationId = delivery.correlate(envelope.transactionId);
    const { provider, config, development, metrics } = this.#parts;
    const source = sourceOf(config, provider.name, envelope.sender, development);
    const bound = delivery.key?.source ?? null;
    if (bound !== null && bound !== source) throw new HttpProblem(401, `The key is bound to the source ${bound}, the body is of another`);
    if (source === null) return await this.#setAside(delivery, envelope, correlationId, receivedAt);

    const begun = performance.now();
    const changes = provider.toEventWrites(envelope, { source, correlationId });
    const commands = changes.map((change) => processCrmEvent(change, receivedAt));
    metrics.stage('map', performance.now() - begun);
    await this.#dispatch(commands);
    for (const { write } of changes) metrics.changes(provider.name, write.metadata.kind, 1);
    return { kind: 'accepted', changes, receivedAt };
  }

  async #parse(delivery: Delivery, receivedAt: string): Promise<CrmEnvelope> {
    const { provider, metrics } = this.#parts;
    const begun = performance.now();
    try {
      return provider.parse(delivery.body);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      const quarantineId = await this.#quarantine(delivery, 'unintelligible', error.findings, delivery.correlate(null), receivedAt);
      throw new HttpProblem(400, error.message, { errors: error.findings, quarantineId });
    } finally {
      metrics.stage('parse', performance.now() - begun);
    }
  }

  /** A sandbox that points here must not make records: its changes are kept, apart. */
  async #setAside(delivery: Delivery, { sender }: CrmEnvelope, correlationId: string, receivedAt: string): Promise<Receipt> {
    const detail = `No configured source is the sender ${sender.name}`;
    const finding = { path: 'source', code: 'unknown_source', message: detail };
    const quarantineId = await this.#quarantine(delivery, 'unknown_source', [finding], correlationId, receivedAt);
    return { kind: 'quarantined', quarantineId, detail, correlationId };
  }

  async #quarantine({ body, key }: Delivery, reason: Quarantined['reason'], errors: readonly Finding[], correlationId: string, receivedAt: string): Promise<string> {
    const source = key?.source ?? null;
    const command = quarantineBody({ provider: this.#parts.provider.name, body, source, reason, errors, correlationId, receivedAt });
    await this.#dispatch([command]);
    return command.commandId;
  }

  async #dispatch(commands: readonly Command[]): Promise<void> {
    const begun = performance.now();
    try {
      await this.#parts.dispatcher.dispatch(commands);
    } catch (error) {
      if (error instanceof ValidationError) throw new HttpProblem(413, 'The body makes commands that are larger than the broker takes');
      throw error;
    } finally {
      this.#parts.metrics.stage('dispatch', performance.now() - begun);
    }
  }
}
