/** An AppView that shows what a test says, as of the rev that the test says. */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { schemas } from '@atproto/api'
import { AuthRequiredError, createServer, verifyJwt } from '@atproto/xrpc-server'

/** What it answers: a body, bytes as they are to be sent, or an error. */
export type LaggingAnswer =
  | { body: object }
  | { bytes: Uint8Array; type?: string; encoding?: string }
  | { status: number; error: string }

export interface LaggingAppView {
  url: string
  /** The rev of the caller's repository that it knows, unless it does not say. */
  rev: string | undefined
  /** By method. */
  answers: Record<string, (params: Record<string, unknown>) => LaggingAnswer>
  asked: { nsid: string; params: Record<string, unknown>; headers: IncomingMessage['headers'] }[]
  stop(): Promise<void>
}

const METHODS = [
  'app.bsky.actor.getPreferences',
  'app.bsky.actor.getProfile',
  'app.bsky.actor.getProfiles',
  'app.bsky.actor.putPreferences',
  'app.bsky.feed.getActorLikes',
  'app.bsky.feed.getAuthorFeed',
  'app.bsky.feed.getFeedGenerator',
  'app.bsky.feed.getPostThread',
  'app.bsky.feed.getPosts',
  'app.bsky.feed.getTimeline',
  'app.bsky.graph.getList',
]

interface Call {
  params: Record<string, unknown>
  input?: { body: unknown }
  req: IncomingMessage
}

/** @param keyOf did:key of an account */
export async function startLaggingAppView(
  did: () => string,
  keyOf: (did: string) => Promise<string>,
): Promise<LaggingAppView> {
  const xrpc = createServer(schemas)
  const state: LaggingAppView = { url: '', rev: undefined, answers: {}, asked: [], stop }
  for (const nsid of METHODS) {
    xrpc.method(nsid, {
      handler: async ({ params, input, req }: Call) => {
        const token = req.headers.authorization?.replace('Bearer ', '')
        if (!token) throw new AuthRequiredError()
        await verifyJwt(token, did(), nsid, (iss) => keyOf(iss))
        state.asked.push({
          nsid,
          params: { ...params, ...(input && { input: input.body }) },
          headers: req.headers,
        })
        const answer = state.answers[nsid]?.(params) ?? { status: 400, error: 'NotFound' }
        if ('status' in answer) {
          return { ...answer, message: 'nothing there' }
        }
        if ('body' in answer) {
          return { encoding: 'application/json', body: answer.body }
        }
        return {
          encoding: answer.type ?? 'application/json',
          buffer: answer.bytes,
          headers: answer.encoding ? { 'content-encoding': answer.encoding } : {},
        }
      },
    } as never)
  }
  // Set here, because errors have it, too.
  const server = createHttpServer((request, response) => {
    if (state.rev !== undefined) response.setHeader('atproto-repo-rev', state.rev)
    xrpc.router(request as never, response as never)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  state.url = `http://localhost:${(server.address() as AddressInfo).port}`
  return state

  async function stop() {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
