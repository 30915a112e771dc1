/** The policy of the OAuth provider's pages, which allows `'self'`: here, only the files that belong to them. */
import type { Config } from '../../kernel/config/config.ts'
import { ASSETS } from '../../oauth/paths.ts'
import { ownSources, withoutQuery } from '../policy.ts'
import { APP_SIGN_IN_STYLE_PATH } from './alternative-sign-in.ts'

const CSP = 'content-security-policy'

/** Files by directive. A page makes requests elsewhere on this host too, so that those stay as they are. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'script-src': [ASSETS],
  'style-src': [ASSETS, APP_SIGN_IN_STYLE_PATH],
}

/** Names the files in the policy of a page. */
export function nameOwnFiles(
  request: Request,
  { headers }: Response,
  config: Pick<Config, 'publicUrl'>,
): void {
  const policy = headers.get(CSP)
  if (policy === null) return
  const directives = policy.split(';').map((directive) => {
    const [name = '', ...sources] = directive.trim().split(/\s+/)
    // The provider puts the URLs of logo and backgrounds there as they are.
    if (name === 'img-src') return [name, ...sources.map(withoutQuery)].join(' ')
    const files = FILES[name]
    if (!files || !sources.includes("'self'")) return directive.trim()
    const named = sources.filter((source) => source !== "'self'")
    return [name, ...named, ownSources(request, config, files)].join(' ')
  })
  headers.set(CSP, directives.join('; '))
}
