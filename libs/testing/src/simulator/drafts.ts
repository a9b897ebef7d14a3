import type { FieldWrite } from '@clientele/domain';
import type { Draw, FieldSpec } from './entities/index.ts';
import type { OrgRecord } from './org-record.ts';

const CLEARED = 0.15;
const WHOLE_COMPOUND = 0.35;

/** What somebody changes in a record: one to three fields, a component alone or a whole compound, set or cleared. */
export function draftUpdate(record: OrgRecord, draw: Draw): FieldWrite[] {
  const { random } = draw;
  const writes = new Map<string, FieldWrite>();
  for (const spec of random.some(record.spec.fields, random.integer(1, 3))) {
    const compound = parentOf(spec.path);
    const components = record.spec.fields.filter(({ path }) => compound !== null && parentOf(path) === compound);
    if (compound === null || !random.chance(WHOLE_COMPOUND)) put(writes, draft(record, spec, draw));
    else if (random.chance(CLEARED) && components.every(({ filled }) => filled < 1)) clearCompound(writes, record, compound);
    else for (const component of components) put(writes, draft(record, component, draw));
  }
  return [...writes.values()].filter(({ path }) => !writes.has(parentOf(path) ?? ''));
}

/** One field and value for many records. */
export function draftForAll(spec: FieldSpec, draw: Draw): FieldWrite {
  return { path: spec.path, value: spec.make(draw) };
}

function draft(record: OrgRecord, { path, make, filled }: FieldSpec, draw: Draw): FieldWrite | null {
  const value = filled < 1 && draw.random.chance(CLEARED) ? null : make(draw);
  return value === null && !record.fields.has(path) ? null : { path, value };
}

function clearCompound(writes: Map<string, FieldWrite>, record: OrgRecord, compound: string): void {
  if ([...record.fields.keys()].some((path) => parentOf(path) === compound)) writes.set(compound, { path: compound, value: null });
}

function put(writes: Map<string, FieldWrite>, write: FieldWrite | null): void {
  if (write !== null) writes.set(write.path, write);
}

function parentOf(path: string): string | null {
  const dot = path.indexOf('.');
  return dot < 0 ? null : path.slice(0, dot);
}
