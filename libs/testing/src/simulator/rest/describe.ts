import { stringifyExact } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import { ENTITIES } from '../entities/index.ts';
import type { Answer } from './call.ts';
import { COLUMNS, type Column } from './columns.ts';
import { columnsOf, nameOf } from './tables.ts';

/** `sobjects`: the objects that there are. */
export function describeAll(version: string): Answer {
  const sobjects = ENTITIES.map(({ name }) => ({ ...summary(name, version) }));
  return { status: 200, body: stringifyExact({ encoding: 'UTF-8', maxBatchSize: 200, sobjects }) };
}

/** `sobjects/X/describe`, as far as a reader of records looks into it. @throws RestError INVALID_TYPE. */
export function describe(object: string, version: string): Answer {
  const fields = columnsOf(object).map(describeField);
  return { status: 200, body: stringifyExact({ ...summary(nameOf(object), version), fields, recordTypeInfos: [], childRelationships: [] }) };
}

function summary(name: string, version: string): Readonly<Record<string, Json>> {
  const mergeable = COLUMNS.get(name)?.some((column) => column.name === 'MasterRecordId') ?? false;
  return {
    name, label: name, labelPlural: `${name}s`, keyPrefix: ENTITIES.find((entity) => entity.name === name)?.prefix ?? null, custom: false, queryable: true,
    retrieveable: true, replicateable: true, updateable: true, deletable: true, undeletable: true, mergeable, triggerable: true,
    urls: { sobject: `/services/data/${version}/sobjects/${name}`, describe: `/services/data/${version}/sobjects/${name}/describe` },
  };
}

function describeField({ name, type, compound, calculated, nillable }: Column): Json {
  return {
    name, label: name, type, compoundFieldName: compound, calculated, calculatedFormula: calculated ? `of ${name}` : null, nillable, custom: /__p?c$/.test(name), filterable: type !== 'address' && type !== 'textarea',
    sortable: type !== 'address' && type !== 'textarea', length: type === 'textarea' ? 32_000 : type === 'id' || type === 'reference' ? 18 : 255,
    updateable: !calculated && type !== 'address' && type !== 'id', referenceTo: type === 'reference' ? referenced(name) : [],
  };
}

function referenced(name: string): string[] {
  if (name === 'AccountId' || name === 'ParentId' || name === 'ConvertedAccountId') return ['Account'];
  if (name === 'PersonContactId' || name === 'ConvertedContactId') return ['Contact'];
  return name === 'ConvertedOpportunityId' ? ['Opportunity'] : name === 'MasterRecordId' ? [] : ['User'];
}
