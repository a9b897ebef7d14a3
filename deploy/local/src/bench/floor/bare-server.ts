import { EventReadDTO, Record, SalesforceEventDTO } from '@clientele/contracts';
import Fastify from 'fastify';

/**
 * The floor of ingest and of reads: a process with nothing but Fastify, the same schemas, and one answer each, taken from the real services.
 * Its first argument is a port; what it answers stands in the environment, as JSON.
 */
const app = Fastify({
  // The schemas' own kinds and notes are none of JSON Schema.
  ajv: { customOptions: { strict: false } },
});
const accepted = parsed('BARE_ACCEPTED');
const record = parsed('BARE_RECORD');

app.post('/events/salesforce/', { schema: { body: plain(SalesforceEventDTO), response: { 202: plain(EventReadDTO) } } }, async (_request, reply) => await reply.code(202).send(accepted));
app.get('/clients/:id', { schema: { response: { 200: plain(Record) } } }, async () => record);
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });

function parsed(variable: string): unknown {
  return JSON.parse(process.env[variable] ?? '{}');
}

/** As JSON Schema alone, without the ids by which schemas would be registered twice. */
function plain(schema: object): unknown {
  return JSON.parse(JSON.stringify(schema), (name, value: unknown) => name === '$id' ? undefined : value);
}
