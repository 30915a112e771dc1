import type { Config } from '../kernel/config/config.ts'

/** Where apps that know this host learn who gives out tokens for it (RFC 9728). */
export const protectedResource = ({ publicUrl }: Pick<Config, 'publicUrl'>) => ({
  resource: publicUrl,
  authorization_servers: [publicUrl],
  scopes_supported: [],
  bearer_methods_supported: ['header'],
  resource_documentation: 'https://atproto.com',
})
