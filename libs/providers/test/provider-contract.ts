import { EventWriteDTO, parseExact, stringifyExact, ValidationError } from '@clientele/contracts';
import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Test } from 'tap';
import type { CrmProvider, TakenChange } from '../src/index.ts';
import { bytes } from './salesforce-samples.ts';

FormatRegistry.Set('date-time', (text) => !Number.isNaN(Date.parse(text)));

export interface ProviderFixture {
  readonly provider: CrmProvider;
  /** A source id of that provider. */
  readonly source: string;
  /** Bodies that it understands. */
  readonly bodies: readonly { readonly name: string; readonly body: string }[];
}

/** What every provider owes to ingest and to the command service, whatever its CRM sends. */
export function providerContract(t: Test, { provider, source, bodies }: ProviderFixture): void {
  const take = (body: string): readonly TakenChange[] =>
    provider.toEventWrites(provider.parse(bytes(body)), { source, correlationId: 'c-1' });

  t.test(`${provider.name}: writes are whole, distinct, and the same for every repetition`, async (t) => {
    for (const { name, body } of bodies) {
      const taken = take(body);
      t.not(taken.length, 0, `${name}: at least one write`);
      t.equal(new Set(taken.map(({ write }) => write.id)).size, taken.length, `${name}: ids are distinct`);
      t.strictSame(take(body), taken, `${name}: a repetition gives the same`);
      for (const { write, rawEvent } of taken) {
        t.strictSame([...Value.Errors(EventWriteDTO, write)], [], `${name}: fits EventWriteDTO`);
        t.match(write, { provider: provider.name, source, metadata: { correlation_id: 'c-1' } });
        t.ok(body.includes(rawEvent), `${name}: the raw event is a part of the body as it stands`);
        const day = write.occurred_at.slice(0, 10).replaceAll('-', '');
        t.ok(write.id.startsWith(`${day}-`), `${name}: the id begins with the day of the change`);
        const { kind } = write.metadata;
        t.equal(write.external_id === undefined && kind === 'change', false, `${name}: a change names its record`);
        t.equal(write.event_type === undefined && (kind === 'change' || kind === 'gap'), false, `${name}: a change or gap has a type`);
        t.equal(kind === 'entity_gap' && write.external_id !== undefined, false, `${name}: no record is made up for an entity gap`);
      }
    }
  });

  t.test(`${provider.name}: a write means the same after its way through a lane`, async (t) => {
    for (const { name, body } of bodies) {
      for (const { write } of take(body)) {
        const travelled: unknown = parseExact(stringifyExact(write));
        if (!Value.Check(EventWriteDTO, travelled)) throw new TypeError(`${name}: no EventWriteDTO after the way`);
        const translation = provider.translate(travelled);
        t.strictSame(stringifyExact(translation), stringifyExact(provider.translate(write)), name);
        if (translation.kind !== 'change') continue;
        const { change } = translation;
        t.match(change, { id: write.id, key: { source, entity: write.entity, externalId: write.external_id }, occurredAt: write.occurred_at });
        t.equal(new Set(change.fields.map(({ path }) => path)).size, change.fields.length, `${name}: each path once`);
        t.equal(/^(delete|gap_)/.test(change.kind) && change.fields.length > 0, false, `${name}: a deletion or a gap sets nothing`);
      }
    }
  });

  t.test(`${provider.name}: a damaged body is a ValidationError that names a field, never another failure`, async (t) => {
    const body = bodies[0]?.body ?? '';
    const whole = bytes(body);
    const damaged: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += 1) {
      damaged.push(whole.subarray(0, at));
      const flipped = Uint8Array.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x15;
      damaged.push(flipped);
    }
    let refused = 0;
    for (const one of damaged) {
      try {
        provider.toEventWrites(provider.parse(one), { source, correlationId: 'c-1' });
      } catch (error) {
        if (!(error instanceof ValidationError) || error.findings.length === 0) throw error;
        refused += 1;
      }
    }
    t.ok(refused >= whole.length, `every truncation is refused (${refused} of ${damaged.length} bodies were)`);
  });
}
