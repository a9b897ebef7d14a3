import { Type } from '@sinclair/typebox';

/** Settings that every service has; spread into its own schema. */
export const baseSettings = {
  NODE_ENV: Type.Union([Type.Literal('production'), Type.Literal('development'), Type.Literal('test')], {
    default: 'production',
    description: 'Development and test have default keys and take envelopes of unknown sources',
    example: 'production',
  }),
  HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on', example: '0.0.0.0' }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    {
      default: 'info',
      description: 'Least severe level that is logged; debug has a line for every request',
      example: 'info',
    },
  ),
  CLIENTELE_CONFIG: Type.Optional(
    Type.String({
      description: 'YAML file with sources and mapping; unset: the default mapping of the three CRMs',
      example: 'clientele.yaml',
    }),
  ),
};
