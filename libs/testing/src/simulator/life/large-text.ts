import type { FieldWrite } from '@clientele/domain';
import type { OrgRecord } from '../org-record.ts';
import type { Random } from '../random.ts';
import { SENTENCES } from '../vocabulary.ts';

const PATH = 'Description';
const LARGE = 1000;

/** A text of 20 to 50 lines and more than 1,000 characters; some of its lines are alike, some empty. */
export function largeText(random: Random): string {
  return Array.from({ length: random.integer(20, 50) }, () => line(random)).join('\r\n');
}

/** Where the record can have one: a large description, or an edit of the one that it has. Now and then it becomes another text altogether. */
export function largeTextWrite(record: OrgRecord, random: Random): FieldWrite[] {
  if (record.spec.fields.every(({ path }) => path !== PATH)) return [];
  const now = record.fields.get(PATH);
  const known = typeof now === 'string' && now.length >= LARGE ? now : null;
  return [{ path: PATH, value: known === null || random.chance(0.1) ? largeText(random) : edited(known, random) }];
}

function edited(text: string, random: Random): string {
  const lines = text.split('\r\n');
  for (let edits = random.integer(1, 3); edits > 0; edits -= 1) {
    const [at, what] = [random.integer(0, lines.length - 1), random.next()];
    if (what < 0.5) lines[at] = line(random);
    else if (what < 0.75) lines.splice(at, 0, ...Array.from({ length: random.integer(1, 3) }, () => line(random)));
    else if (lines.length > 15) lines.splice(at, random.integer(1, 2));
    if (random.chance(0.2)) lines.push(line(random));
  }
  return lines.join('\r\n');
}

function line(random: Random): string {
  if (random.chance(0.08)) return '';
  return `${random.pick(SENTENCES)} ${random.pick(SENTENCES)} ${random.digits(2)} ${random.pick(SENTENCES)} ${random.pick(SENTENCES)}`;
}
