import { customType, pgSchema, timestamp } from 'drizzle-orm/pg-core';

/** The write database's own schema; what others may read of it stands in `published`. */
export const clientele = pgSchema('clientele');

/**
 * JSON kept as the text that was written, every digit of it (`jsonb` would reorder keys and refuse `\u0000`). The driver would parse it
 * and round its numbers: select it as `::text`.
 */
export const exactJson = customType<{ data: string; driverData: string }>({
  dataType: () => 'json',
  fromDriver(value) {
    if (typeof value !== 'string') throw new TypeError('a json column of records was not selected as text');
    return value;
  },
});

export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
