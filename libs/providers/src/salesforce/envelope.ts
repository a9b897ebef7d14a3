import { EventBridgeFields, SalesforceChangeEventHeader, type Finding, type ValidationError } from '@clientele/contracts';
import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { fieldFindings, readJsonBody } from '../json-body.ts';
import type { CrmEnvelope } from '../provider.ts';
import { refusal } from '../refusal.ts';
import { schemaFindings } from '../schema-findings.ts';
import { orgIdOf } from './org-id.ts';
import { rawEvents } from './raw-events.ts';
import { readTargets, type Target } from './targets.ts';

export interface SalesforceEnvelope extends CrmEnvelope {
  readonly header: SalesforceChangeEventHeader;
  /** The record's fields, without the header. */
  readonly fields: JsonObject;
  readonly targets: readonly Target[];
  /** The text of the payload, for a target. */
  readonly rawEvent: (target: Target) => string;
}

const envelopeCheck = TypeCompiler.Compile(Type.Object({ ...EventBridgeFields, detail: Type.Object({}) }));
const headerCheck = TypeCompiler.Compile(SalesforceChangeEventHeader);

/** @throws ValidationError naming every field that is not as it must be. */
export function parseEnvelope(body: Uint8Array): SalesforceEnvelope {
  const { text, value } = readJsonBody(body);
  if (!isJsonObject(value)) throw invalid([{ path: 'body', code: 'invalid', message: 'must be one EventBridge event: a JSON object' }]);
  if (!envelopeCheck.Check(value)) throw invalid(schemaFindings(envelopeCheck.Errors(value), ''));
  const { path, payload } = payloadOf(value['detail']);
  const { ChangeEventHeader: header, ...fields } = payload;
  const headerPath = [...path, 'ChangeEventHeader'].join('.');
  if (!headerCheck.Check(header)) throw invalid(schemaFindings(headerCheck.Errors(header), headerPath));
  const { targets, findings } = readTargets(header.recordIds, `${headerPath}.recordIds`);
  findings.push(...fieldFindings(payload, path.join('.'), text.includes('\\u')));
  const rawEvent = rawEvents(text, path, targets.length);
  if (rawEvent === null) findings.push({ path: `${headerPath}.recordIds`, code: 'length', message: `names ${targets.length} records, too many for so large a change` });
  if (rawEvent === null || findings.length > 0) throw invalid(findings);
  return { sender: { name: value.source, account: orgIdOf(value.source) }, transactionId: header.transactionKey, header, fields, targets, rawEvent };
}

/** An event relay puts the record into `detail.payload`, AppFlow into `detail` itself. */
function payloadOf(detail: Json | undefined): { path: readonly string[]; payload: JsonObject } {
  const outer = isJsonObject(detail) ? detail : {};
  const inner = outer['payload'];
  if (isJsonObject(inner) && ('ChangeEventHeader' in inner || !('ChangeEventHeader' in outer))) return { path: ['detail', 'payload'], payload: inner };
  if ('ChangeEventHeader' in outer) return { path: ['detail'], payload: outer };
  const missing = inner === undefined;
  throw invalid([
    { path: 'detail.payload', code: missing ? 'required' : 'invalid', message: `${missing ? 'is missing' : 'is no object'}: detail must hold the change in payload (event relay), or be it, with a ChangeEventHeader (AppFlow)` },
  ]);
}

function invalid(findings: readonly Finding[]): ValidationError {
  return refusal('Not a Salesforce change event', findings);
}
