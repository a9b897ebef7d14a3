import { randomFillSync } from 'node:crypto';

const RANDOM = Buffer.alloc(16 * 256);
let used = RANDOM.length;

/** A UUID of version 7 (RFC 9562): 48 bits of milliseconds, the rest random, so that ids of one time lie together in an index. */
export function uuidV7(now: number = Date.now()): string {
  if (used === RANDOM.length) {
    randomFillSync(RANDOM);
    used = 0;
  }
  const bytes = RANDOM.subarray(used, used + 16);
  used += 16;
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
