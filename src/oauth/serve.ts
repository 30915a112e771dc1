/** Requests to the OAuth server and its pages. Imported when the first one comes: it is most of the bundle. */

import { handleAsNodeRequest } from 'cloudflare:node'
import { createServer } from 'node:http'
import { oauthMiddleware } from '@atproto/oauth-provider/middleware'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import { currentRequest } from '../context/current-request.ts'
import type { Services } from '../context/services.ts'
import { logProviderError } from './log-error.ts'
import { browserMarks } from './new-browser.ts'
import { makeProvider } from './provider.ts'

/** The provider is written for Node's HTTP server; nothing listens on this port but within the isolate. */
const PORT = 8080

let isListening = false

/** Answers a request whose path `isOAuthPath`. */
export async function serveOAuth(request: Request, services: Services): Promise<Response> {
  if (!isListening) {
    const provider = await makeProvider(services)
    // Meanwhile another request may have come as far; none waits for another's.
    if (!isListening) listen(provider)
    isListening = true
  }
  const response = await handleAsNodeRequest(PORT, request)
  for (const cookie of browserMarks()) response.headers.append('set-cookie', cookie)
  return response
}

function listen(provider: OAuthProvider): void {
  const handle = oauthMiddleware(provider, {
    onError(_request, _response, error, message) {
      logProviderError(currentRequest().log, error, message)
    },
  })
  createServer((request, response) => {
    // The provider shows owners where a session is used from. There is no socket here: it reads what a
    // framework would say, and the port where a proxy would put it.
    Object.assign(request, { ip: currentRequest().clientAddress })
    request.headers['x-forwarded-port'] = '443'
    void handle(request, response)
  }).listen(PORT)
}
