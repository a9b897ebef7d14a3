import type { Stage } from '../plan-tasks.ts';
import { gone, ours, sample, theirs } from './comparing.ts';
import { held } from './completeness.ts';
import { known, settle, total } from './counting.ts';
import { changed, deleted } from './reading-pages.ts';
import type { Step } from './step.ts';

export const STEPS: Readonly<Record<Stage, Step>> = { total, known, changed, deleted, gone, settle, held, ours, theirs, sample };
