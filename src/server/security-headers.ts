/** What every answer tells browsers, so that nothing that others wrote runs here with the rights of this host. */
import type { Config } from '../kernel/config/config.ts'

/**
 * For answers that are no pages of this host: opened in a browser, they load nothing, run nothing, and have an origin
 * of their own. Pages say themselves what they need.
 */
export const NO_PAGE = "default-src 'none'; sandbox"

/** Two years. Not for names below the host's: they may be anybody's. */
const HTTPS_ONLY = 'max-age=63072000'

type Settings = Pick<Config, 'publicUrl' | 'devMode'>

/** The headers of an answer that is no page. @param config undefined while the settings are wrong */
export const securityHeaders = (config: Settings | undefined): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  'content-security-policy': NO_PAGE,
  ...(config?.publicUrl.startsWith('https:') &&
    !config.devMode && { 'strict-transport-security': HTTPS_ONLY }),
})

/**
 * Adds the headers to an answer, whatever it is and whoever gave it: this host, one of its pages, another service.
 *
 * @param config undefined while the settings are wrong
 */
export function addSecurityHeaders({ headers }: Response, config: Settings | undefined): void {
  for (const [name, value] of Object.entries(securityHeaders(config))) {
    // Pages say themselves what they need.
    if (name !== 'content-security-policy' || !headers.has(name)) headers.set(name, value)
  }
}
