/** The console of the operators, below `/admin`. Loaded when it is first asked for. */
import { Hono } from 'hono'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import { sameOriginOnly } from '../account/guard.ts'
import type { Html } from '../layout.ts'
import { doAction } from './actions.ts'
import { factor } from './factor.ts'
import { consoleFrame } from './frame.ts'
import { factorShown, nothingHere, operatorsOnly, setConsoleHeaders } from './guard.ts'
import type { ConsoleContext, ConsoleEnv, ConsolePage } from './page.ts'
import { consolePages } from './pages.ts'
import { ADMIN } from './paths.ts'
import { setRole } from './role.ts'

export const adminConsole = new Hono<ConsoleEnv>()
  .basePath(ADMIN)
  .use(setConsoleHeaders, sameOriginOnly)
  .post('/role', setRole)
  .use(operatorsOnly)
  .route('/factor', factor)
  .use(factorShown)
  .get('/', (c) => c.redirect(`${ADMIN}/${consolePages[0]?.path}`, 303))
  .notFound(nothingHere)
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })

for (const page of consolePages) addPage(page)

function addPage(page: ConsolePage): void {
  const root = `/${page.path}`
  const show = async (c: ConsoleContext, seen: { title: string; main: Html }): Promise<Html> =>
    consoleFrame(c.env.services, c.var.session, {
      ...seen,
      pages: consolePages,
      current: page.path,
    })
  for (const [path, view] of Object.entries(page.views)) {
    adminConsole.get(root + path, async (c) => {
      const seen = await view(c)
      return seen instanceof Response ? seen : c.html(await show(c, seen))
    })
  }
  for (const [path, action] of Object.entries(page.actions)) {
    adminConsole.post(root + path, (c) => doAction(c, action, show))
  }
}
