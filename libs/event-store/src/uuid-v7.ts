import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(16 * 256);
let used = pool.length;
let last = 0n;

/** A UUID of version 7: ordered by time (ms), and within this process by the order of calls; 62 random bits. */
export function uuidV7(now = Date.now()): string {
  // 48 bits of time and 12 that count on within a millisecond.
  const tick = BigInt(now) << 12n;
  last = tick > last ? tick : last + 1n;
  const stamp = last.toString(16).padStart(15, '0');
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('hex', used, used + 8);
  used += 8;
  const variant = (0x8 | (Number.parseInt(random.charAt(0), 16) & 0x3)).toString(16);
  return `${stamp.slice(0, 8)}-${stamp.slice(8, 12)}-7${stamp.slice(12, 15)}-${variant}${random.slice(1, 4)}-${random.slice(4, 16)}`;
}
