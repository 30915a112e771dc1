/** An operator with the console open, for tests in workerd. */
import { env } from 'cloudflare:workers'
import { hostObjects } from '../services/objects/stubs.ts'
import { csrfTokenOf } from '../web/account/browser-session.ts'
import { PASSWORD, send } from './host.ts'
import { makeOperator } from './operator.ts'

export interface ConsoleBrowser {
  /** Text of a page. */
  get(path: string): Promise<string>
  /** Sends a form of a page. Redirects are not followed. */
  post(path: string, fields?: Record<string, string>): Promise<Response>
}

export async function openConsole(): Promise<ConsoleBrowser> {
  const { did, codeAt } = await makeOperator()
  const { browserSessions } = hostObjects(env).account(did)
  const opened = await browserSessions.open(PASSWORD)
  if (!opened || !('ticket' in opened)) throw new Error('no second step')
  const token = await browserSessions.complete(opened.ticket, codeAt(1))
  const headers = { cookie: `session=${did}.${token}`, 'sec-fetch-site': 'same-origin' }
  const form = csrfTokenOf({ token })
  return {
    async get(path) {
      const response = await send(path, { headers })
      if (!response.ok) throw new Error(`${path}: ${response.status}`)
      return response.text()
    },
    post: (path, fields = {}) =>
      send(path, {
        method: 'POST',
        redirect: 'manual',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ form, ...fields }),
      }),
  }
}
