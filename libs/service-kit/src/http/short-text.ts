import { Type, type TString } from '@sinclair/typebox';

/** Whole characters, none of them a control character: what a column of text takes, and what any name has. */
export const TEXT_PATTERN = '^(?:[^\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])+$';

/** A text of 1 to 255 characters that a request may name something by. */
export function shortText(description = '1 to 255 characters, none of them a control character'): TString {
  return Type.String({ minLength: 1, maxLength: 255, pattern: TEXT_PATTERN, description });
}
