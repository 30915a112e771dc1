/** What is around the hosts in `cumulus dev`: one server with the AppView stand-in and the page of mails. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppView } from './appview.ts'
import { type HostAnswers, SeveralHosts } from './host-answers.ts'
import { mailPage, readMails } from './mails.ts'

export interface DevNetwork {
  /** `http://localhost:<port>` */
  url: string
  /** DID of the AppView. */
  appviewDid: string
}

/** @param port wished for; another one is taken where it is in use. Does not keep the process alive. */
export async function startDevNetwork(
  hosts: readonly HostAnswers[],
  port: number,
  print: (line: string) => void,
): Promise<DevNetwork> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      server.listen(0, '127.0.0.1', resolve)
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
  const { port: taken } = server.address() as AddressInfo
  const url = `http://localhost:${taken}`
  const appview = new AppView(`did:web:localhost%3A${taken}`, new SeveralHosts(hosts))
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, { hosts, appview, url, print }).catch((error: unknown) => {
      print(`network   ${String(error)}`)
      response.writeHead(500).end()
    })
  })
  return { url, appviewDid: appview.did }
}

interface Parts {
  hosts: readonly HostAnswers[]
  appview: AppView
  url: string
  print(line: string): void
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { hosts, appview, url, print }: Parts,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '', url)
  // Bodies are not looked at.
  request.resume()
  if (pathname.startsWith('/xrpc/')) {
    const { status, body, line } = await appview.answer(request)
    print(line)
    return json(response, status, body)
  }
  if (pathname === '/.well-known/did.json') {
    const id = '#bsky_appview'
    const service = [{ id, type: 'BskyAppView', serviceEndpoint: url }]
    const document = { '@context': ['https://www.w3.org/ns/did/v1'], id: appview.did, service }
    return json(response, 200, document)
  }
  // Another site's name for this machine would let its scripts read mails.
  const isOwn = /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? '')
  if (pathname === '/mail' && isOwn) {
    const page = mailPage((await Promise.all(hosts.map(readMails))).flat())
    response.writeHead(200, PAGE_HEADERS).end(page)
    return
  }
  json(response, 404, { error: 'NotFound', message: 'Mails are at /mail' })
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
}

const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
