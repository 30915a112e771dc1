/** Whether an account has signed in with a browser before: a cookie that says so, and says nothing else. */
import { createHash, createHmac } from 'node:crypto'
import type { Config } from '../../kernel/config/config.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import type { PageContext } from './page-env.ts'

/** How long a browser is known after a sign-in, in seconds. */
const AGE = 365 * 24 * 60 * 60

/** After a sign-in: tells the owner, if the browser is a new one, and marks it as known. */
export function welcomeBrowser(c: PageContext, did: string): void {
  const { services } = c.env
  const name = nameOf(services.config, did)
  const mark = createHmac('sha256', services.config.jwtSecret)
    .update(`known browser of ${did}`)
    .digest('base64url')
  const pairs = (c.req.header('cookie') ?? '').split(/; */)
  const given = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  if (!equalSecrets(given, mark)) {
    services.mail.tell(did, {
      kind: 'new browser',
      userAgent: c.req.header('user-agent') ?? null,
    })
  }
  const secure = isSecure(services.config) ? '; Secure' : ''
  const cookie = `${name}=${mark}; Path=/; Max-Age=${AGE}; HttpOnly; SameSite=Lax${secure}`
  c.header('set-cookie', cookie, { append: true })
}

const isSecure = ({ publicUrl }: Config): boolean => publicUrl.startsWith('https:')

/** One for each account that is used in a browser. */
const nameOf = (config: Config, did: string): string =>
  `${isSecure(config) ? '__Host-' : ''}known-${createHash('sha256').update(did).digest('hex').slice(0, 16)}`
