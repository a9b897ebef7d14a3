import { shortText } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

export const SORTS = ['-updated_at', 'updated_at', '-created_at', 'created_at', 'id', '-id'] as const;
export type Sort = (typeof SORTS)[number];

/** What a list can be narrowed by; all given ones must hold. */
export const RecordFilters = Type.Object({
  external_id: Type.Optional(shortText('The id in the CRM, in any spelling that the CRM itself takes')),
  source: Type.Optional(shortText('Source id, for example salesforce:<org id>')),
  status: Type.Optional(shortText('The status as the CRM spells it')),
  lifecycle: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('deleted')], { description: 'Unset: both' })),
  dirty: Type.Optional(Type.Boolean({ description: 'Whether something about the record is in doubt: it has a dirty_since' })),
  complete: Type.Optional(Type.Boolean({ description: 'Whether the record was ever seen whole' })),
  superseded: Type.Optional(Type.Boolean({ description: 'Whether the record was merged into another' })),
  q: Type.Optional(shortText('Words that the record holds, each whole or its beginning; case and accents do not matter')),
});
export type RecordFilters = Static<typeof RecordFilters>;

export const ListQuery = Type.Object(
  {
    ...RecordFilters.properties,
    sort: Type.Optional(
      Type.Union(
        SORTS.map((sort) => Type.Literal(sort)),
        { default: '-updated_at', description: 'Only id never changes: use it to walk through all' },
      ),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 1_000, description: 'next_cursor of the page before, with the same filters and sort' })),
  },
  { additionalProperties: false },
);
