/** A stand-in for the services that take mails over HTTPS. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MailRequest {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface TestMailApi {
  origin: string
  requests: MailRequest[]
  /** What it answers from now on; `break`: it closes the connection when it has the request. */
  answer(status: number | 'break', body?: object): void
  stop(): Promise<void>
}

export async function startMailApi(): Promise<TestMailApi> {
  const requests: MailRequest[] = []
  let status: number | 'break' = 200
  let answer: object = {}
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    requests.push({ path: request.url ?? '', headers: request.headers, body })
    if (status === 'break') return request.socket.destroy()
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(next, body = {}) {
      status = next
      answer = body
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
