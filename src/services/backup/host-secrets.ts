/** The secrets of a host, without which its keys and sessions cannot be restored. */
import { createHmac } from 'node:crypto'
import { settings } from '../../kernel/config/settings.ts'

/** Secrets by the names of their settings. */
export type HostSecrets = Record<string, string>

/** Settings that are secrets of the host itself, and not of services that it uses. */
const NAMES = Object.entries(settings)
  .filter(([, { type }]) => type === 'secret')
  .map(([name]) => name)

/** Those of some settings that are secrets of the host. */
export function secretsIn(values: Readonly<Record<string, unknown>>): HostSecrets {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = values[name]
      return typeof value === 'string' && value !== '' ? [[name, value]] : []
    }),
  )
}

/** Says whether secrets are the same, to nobody who does not have them. */
export const digestOf = (secrets: HostSecrets): string =>
  createHmac('sha256', secrets.PDS_KEY_SECRET ?? '')
    .update(JSON.stringify(Object.entries(secrets).sort()))
    .digest('hex')
