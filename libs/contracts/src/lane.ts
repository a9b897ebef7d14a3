import type { RecordKey } from '@clientele/domain';
import type { Command } from './command.ts';

/** Number of command lanes: the ceiling of command processes. Fixed for the life of a log; a change needs drained lanes. */
export const DEFAULT_LANES = 4;

/** `commands.<n>` or `quarantine.<provider>`; the subject is `crm.<lane>`. */
export type LaneName = `commands.${number}` | `quarantine.${string}`;

/** The number of lanes that a process was set to is not the one that log or broker were made with: changes would go to lanes that are not theirs. */
export class OtherLanesError extends Error {
  override readonly name = 'OtherLanesError';
}

export function commandLanes(count: number): LaneName[] {
  return Array.from({ length: count }, (_, lane): LaneName => `commands.${lane}`);
}

export function quarantineLane(provider: string): LaneName {
  return `quarantine.${provider}`;
}

/** The lane of a record: 32-bit FNV-1a over source, entity and external id. Every publisher must agree on it, for ever. */
export function laneOfRecord(key: RecordKey, count: number): LaneName {
  return `commands.${fnv1a(`${key.source}\n${key.entity}\n${key.externalId}`) % count}`;
}

/** The lane of a command. A change that names no record (an entity gap) goes by source and entity. */
export function laneOfCommand(command: Command, count: number): LaneName {
  switch (command.type) {
    case 'ProcessCrmEvent':
      return laneOfRecord({ source: command.event.source, entity: command.event.entity, externalId: command.event.external_id ?? '' }, count);
    case 'RecordRead':
    case 'RedriveParked':
    case 'EditParked':
    case 'DiscardParked':
      return laneOfRecord({ source: command.source, entity: command.entity, externalId: command.external_id ?? '' }, count);
    case 'QuarantineBody':
      return quarantineLane(command.provider);
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
