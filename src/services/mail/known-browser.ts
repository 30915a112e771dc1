/** Whether an account has signed in with a browser before: a cookie that says so, and says nothing else. */
import { createHash, createHmac } from 'node:crypto'
import type { Config } from '../../kernel/config/config.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { hostCookie, readHostCookie } from '../../kernel/host-cookie.ts'

/** How long a browser is known after a sign-in, in seconds. */
const AGE = 365 * 24 * 60 * 60

type Settings = Pick<Config, 'jwtSecret' | 'otherJwtSecret' | 'publicUrl'>

/** @param cookie header of the request; empty: none */
export const isKnownBrowser = (config: Settings, did: string, cookie: string): boolean =>
  jwtSecrets(config).some((secret) =>
    equalSecrets(readHostCookie(config, nameOf(did), cookie) ?? '', markOf(secret, did)),
  )

/** `Set-Cookie` header that makes the browser known. */
export const knownBrowserCookie = (config: Settings, did: string): string =>
  hostCookie(config, nameOf(did), markOf(config.jwtSecret, did), AGE)

const markOf = (secret: string, did: string): string =>
  createHmac('sha256', secret).update(`known browser of ${did}`).digest('base64url')

/** One for each account that is used in a browser. */
const nameOf = (did: string): string =>
  `known-${createHash('sha256').update(did).digest('hex').slice(0, 16)}`
