import { runService } from '@clientele/service-kit';
import { startCommand } from './app.ts';
import { CommandSettings } from './settings.ts';

await runService({ name: 'command', settings: CommandSettings, start: startCommand });
