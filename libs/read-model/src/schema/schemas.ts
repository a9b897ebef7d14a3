import { pgSchema } from 'drizzle-orm/pg-core';

/** What the projector writes: each view in a table of its own version, checkpoints, leases. */
export const clientele = pgSchema('clientele');

/** What queries read: one SQL view for each view, on the version that is served. */
export const published = pgSchema('published');
