import { customType, timestamp } from 'drizzle-orm/pg-core';

/** A JSON document that is written and compared as the text it is: no driver may parse it, for that would cost digits. */
export const jsonDocument = customType<{ data: string; driverData: string }>({ dataType: () => 'json' });

/** A position of the event log, as the decimal digits that the wire carries. */
export const logPosition = customType<{ data: string; driverData: string }>({ dataType: () => 'bigint' });

export const searchVector = customType<{ data: string; driverData: string }>({ dataType: () => 'tsvector' });

export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
