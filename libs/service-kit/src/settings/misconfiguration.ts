import { OtherLanesError } from '@clientele/contracts';
import { ConfigError } from '../clientele-config/mistakes.ts';
import { SettingsError } from './read-settings.ts';

/** Exit code of a program that cannot run with its settings: to start it again would end alike. */
export const MISCONFIGURED = 2;

const KINDS = [SettingsError, ConfigError, OtherLanesError];

/** Whether whoever set it up has to correct something. The message says what, and its stack nothing. */
export function isMisconfiguration(error: unknown): error is Error {
  return KINDS.some((kind) => error instanceof kind);
}
