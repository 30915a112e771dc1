/** Where the console is, and what its pages may load. */
import type { Config } from '../../kernel/config/config.ts'
import { pageHeaders, SCRIPT, SETTINGS, STYLE } from '../layout.ts'
import { brandImage, ownSources } from '../policy.ts'

export const ADMIN = '/admin'

/**
 * As on all pages, and besides: forms go to the console and to where one signs in and out. The script is for passkeys
 * and asks nothing else.
 */
export function consoleHeaders(request: Request, config: Config): Record<string, string> {
  const sources = (...paths: string[]) => ownSources(request, config, paths)
  return {
    ...pageHeaders(request, config),
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${sources(SCRIPT)}`,
      `style-src ${sources(STYLE)}`,
      `img-src data: ${[sources(`${ADMIN}/moderation/blob`), ...brandImage(config.branding.logoUrl)].join(' ')}`,
      `connect-src ${sources(`${SETTINGS}/sign-in/`, `${ADMIN}/factor/`)}`,
      `form-action ${sources(ADMIN, `${ADMIN}/`, `${SETTINGS}/`)}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
  }
}

/** The page of an account. */
export const accountPath = (did: string): string => `${ADMIN}/accounts/${encodeURIComponent(did)}`

/** Where somebody is led back to after signing in: a page of the console, or none. */
export const consolePath = (given: string): string | undefined =>
  /^\/admin(?:\/[\w.:~%-]+)*$/.test(given) ? given : undefined
