/** The account page and what belongs to it, below `/settings`. Loaded when it is first asked for. */
import { Hono } from 'hono'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import { PASSKEY_SCRIPT } from '../assets/script.ts'
import { styleSheet } from '../assets/style.ts'
import { SETTINGS } from '../layout.ts'
import { browserSessionOf } from './browser-session.ts'
import { sameOriginOnly, setPageHeaders } from './guard.ts'
import type { PageEnv } from './page-env.ts'
import { appSignIn } from './routes/app-sign-in.ts'
import { data } from './routes/data.ts'
import { join } from './routes/join.ts'
import { newPassword } from './routes/new-password.ts'
import { passkeyLink } from './routes/passkey-link.ts'
import { settings } from './routes/settings.ts'
import { signIn } from './routes/sign-in.ts'
import { settingsPage } from './settings-page.ts'
import { signInPage } from './sign-in-page.ts'

/** How long browsers may keep style and script, in seconds: an update of the host shows soon. */
const KEEP = 'public, max-age=300'

export const pages = new Hono<PageEnv>()
  .basePath(SETTINGS)
  .use(setPageHeaders, sameOriginOnly)
  .get('/style.css', (c) =>
    c.body(styleSheet(c.env.services.config.branding), 200, {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': KEEP,
    }),
  )
  .get('/passkeys.js', (c) =>
    c.body(PASSKEY_SCRIPT, 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': KEEP,
    }),
  )
  .get('/', async (c) => {
    const { services } = c.env
    const session = await browserSessionOf(c.req.raw, services)
    if (!session) return c.html(signInPage(services.config))
    return c.html(await settingsPage(services, session, { done: c.req.query('done') }))
  })
  .route('/', signIn)
  .route('/', appSignIn)
  .route('/', passkeyLink)
  .route('/', newPassword)
  .route('/', join)
  .route('/', data)
  .route('/', settings)
  .notFound((c) => c.text('There is nothing here.', 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })
