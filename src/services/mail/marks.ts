/** What only this host can have made, in mails and of those who sign in. */
import { createHmac } from 'node:crypto'
import type { Config } from '../../kernel/config/config.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { coarseNetwork } from '../../kernel/net/client-network.ts'

type Settings = Pick<Config, 'jwtSecret' | 'otherJwtSecret' | 'publicUrl'>

/** Where mails about sign-ins are turned off, and on. */
export const SIGN_IN_MAILS_PATH = '/mail/sign-ins'

/** Characters of a user agent that count. */
const MAX_AGENT = 200

/**
 * Address of the page that turns mails about sign-ins of an account off. It is good for as long as the mail is kept, and
 * for nothing else.
 */
export function turnOffUrl(settings: Settings, did: string): string {
  const query = new URLSearchParams({ did, mark: turnOffMark(settings.jwtSecret, did) })
  return `${settings.publicUrl}${SIGN_IN_MAILS_PATH}?${query}`
}

export const isTurnOffMark = (settings: Settings, did: string, mark: string): boolean =>
  jwtSecrets(settings).some((secret) => equalSecrets(mark, turnOffMark(secret, did)))

const turnOffMark = (secret: string, did: string): string => keyed(secret, 'turn off', did)

/**
 * An app at a place, as it is remembered: its user agent, whatever its version, and its network (an IPv6 /48, an IPv4
 * /24), which nobody can tell from what is stored.
 */
export function appPlace(
  secret: string,
  did: string,
  network: string,
  userAgent: string | null,
): string {
  const agent = (userAgent ?? '').slice(0, MAX_AGENT).replace(/[\d._]+/g, '')
  return keyed(secret, 'app', did, coarseNetwork(network), agent).slice(0, 22)
}

const keyed = (secret: string, ...parts: readonly string[]): string =>
  createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url')
