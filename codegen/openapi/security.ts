/** Who may call, as security schemes and requirements of OpenAPI. */
import type { Access, Credentials } from '../../src/server/access.ts'
import type { Json } from './schema.ts'

const SCHEMES: Readonly<Record<Credentials, { name: string; scheme: Json }>> = {
  session: {
    name: 'session',
    scheme: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        '`accessJwt` of `com.atproto.server.createSession`, by any password of the account.',
    },
  },
  'main password': {
    name: 'mainPassword',
    scheme: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: '`accessJwt` of a session by the main password; app passwords are refused.',
    },
  },
  'refresh token': {
    name: 'refreshToken',
    scheme: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: '`refreshJwt` of a session.',
    },
  },
  operator: {
    name: 'operator',
    scheme: {
      type: 'http',
      scheme: 'basic',
      description: 'User `admin` and the password of the operator.',
    },
  },
  service: {
    name: 'serviceToken',
    scheme: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token that an account signed for this method (service authentication).',
    },
  },
}

const OAUTH = 'oauth'

/** @param scopes all that are named in the document */
export const securitySchemes = (scopes: readonly string[]): Json => ({
  ...Object.fromEntries(Object.values(SCHEMES).map(({ name, scheme }) => [name, scheme])),
  [OAUTH]: {
    type: 'oauth2',
    description:
      'OAuth profile of the AT Protocol: PAR, PKCE, and tokens bound by DPoP (`Authorization: DPoP …`).',
    flows: {
      authorizationCode: {
        authorizationUrl: '/oauth/authorize',
        tokenUrl: '/oauth/token',
        refreshUrl: '/oauth/token',
        scopes: Object.fromEntries(scopes.map((scope) => [scope, ''])),
      },
    },
  },
})

/** The ways to be allowed, of which one is enough. */
export function securityOf(access: Access): Json[] {
  const ways: Json[] = access.credentials.map((kind) => ({ [SCHEMES[kind].name]: [] }))
  if (access.oauth) ways.push({ [OAUTH]: access.oauth === 'varies' ? [] : access.oauth })
  return access.anyone ? [{}, ...ways] : ways
}
