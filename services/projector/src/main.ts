import { runService } from '@clientele/service-kit';
import { startProjector } from './app.ts';
import { ProjectorSettings } from './settings.ts';

await runService({ name: 'projector', settings: ProjectorSettings, start: startProjector });
