import { Type, type TString } from '@sinclair/typebox';

/** Whole characters, none of them a control character: what a column of text takes, and what any name has. */
export const TEXT_PATTERN = '^(?:[^\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])+$';

const FORM = '1 to 255 characters, none of them a control character';

/** A text that a request may name something by; `meaning` is what it names. */
export function shortText(meaning = ''): TString {
  return Type.String({ minLength: 1, maxLength: 255, pattern: TEXT_PATTERN, description: meaning === '' ? FORM : `${meaning}; ${FORM}` });
}
