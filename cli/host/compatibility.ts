/** As in wrangler.toml, which workerd does not read. */
export const COMPATIBILITY = { date: '2026-11-01', flags: ['no_web_socket_compression'] } as const
