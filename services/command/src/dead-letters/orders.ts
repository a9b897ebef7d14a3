import { hash, randomBytes } from 'node:crypto';
import type { DiscardParked, EditParked, EventWriteDTO, RedriveParked } from '@clientele/contracts';

/** A command that waits, as far as an order has to name it. */
export interface OrderTarget {
  readonly id: string;
  readonly provider: string;
  readonly source: string | null;
  readonly entity: string | null;
  readonly externalId: string | null;
}

/** Who orders, and when. */
export interface Orderer {
  /** A key's name, or a part of ours. */
  readonly by: string;
  readonly correlationId: string;
  readonly now: Date;
}

export function redriveOrder(target: OrderTarget, orderer: Orderer, redriveId: string | null = null): RedriveParked {
  const commandId = redriveId === null ? drawnId(orderer.now) : redriveOrderId(redriveId, target.id);
  return { type: 'RedriveParked', ...about(target, orderer), commandId, redriveId };
}

export function editOrder(target: OrderTarget, orderer: Orderer, { event, reason }: { event: EventWriteDTO; reason: string }): EditParked {
  return { type: 'EditParked', ...about(target, orderer), event, reason };
}

export function discardOrder(target: OrderTarget, orderer: Orderer, reason: string): DiscardParked {
  return { type: 'DiscardParked', ...about(target, orderer), reason };
}

/** The same for the same dead letter of the same redrive, so that whoever takes the redrive up again orders nothing twice. */
export function redriveOrderId(redriveId: string, target: string): string {
  return `${dayOf(target)}-${hash('sha256', `${redriveId}\n${target}`, 'base64url').slice(0, ID_CHARACTERS)}`;
}

function dayOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}

const ID_CHARACTERS = 27;
const ID_BYTES = 21;

function about(target: OrderTarget, { by, correlationId, now }: Orderer) {
  return {
    schemaVersion: 1, commandId: drawnId(now), target: target.id, provider: target.provider, source: target.source ?? '', entity: target.entity ?? '',
    external_id: target.externalId, requestedBy: by, redriveId: null, correlationId, receivedAt: now.toISOString(),
  };
}

function drawnId(now: Date): string {
  return `${now.toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(ID_BYTES).toString('base64url').slice(0, ID_CHARACTERS)}`;
}
