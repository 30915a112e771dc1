/**
 * Services that a PDS forwards to: an AppView and a feed generator, built with the protocol's own server and
 * checking every token as the real ones do.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { schemas } from '@atproto/api'
import { AuthRequiredError, createServer, verifyJwt } from '@atproto/xrpc-server'
import { answerWildly } from './malformed-responses.ts'

/** A request that reached the service. */
export interface Asked {
  nsid: string
  /** As it was written. */
  url: string
  headers: IncomingMessage['headers']
  /** Claims of the verified token; undefined where none is asked for. */
  token?: Awaited<ReturnType<typeof verifyJwt>>
  /** The parsed input. */
  input?: unknown
}

export interface TestService {
  did: string
  url: string
  asked: Asked[]
  stop(): Promise<void>
}

export interface ServiceParts {
  did: string
  /** did:key of an account. */
  keyOf(did: string): Promise<string>
}

interface Call {
  params: Record<string, unknown>
  input?: { body: unknown }
  req: IncomingMessage
}

type Handler = (call: Call) => unknown

/** A lexicon that the host does not know, in a namespace that no rule names. */
const NAMED_NOWHERE = {
  lexicon: 1,
  id: 'community.lexicon.calendar.listEvents',
  defs: { main: { type: 'query', output: { encoding: 'application/json' } } },
} as const

/**
 * Its methods under `com.example.` misbehave; see `malformed-responses.ts`.
 *
 * @param options `takesOnce`: tokens that were shown before are refused
 */
export async function startAppView(
  parts: ServiceParts,
  { records = new Map<string, unknown>(), generatorUrl = '', takesOnce = false } = {},
): Promise<TestService> {
  const seen = new Set<unknown>()
  /** @throws AuthRequiredError for a token that was shown before, where each is taken once */
  const noteShown = ({ jti }: { jti?: string }) => {
    if (takesOnce && seen.has(jti)) throw new AuthRequiredError('seen before', 'JwtReplayed')
    seen.add(jti)
  }
  const xrpc = createServer([...schemas, NAMED_NOWHERE as never])
  const asked: Asked[] = []
  const method = (nsid: string, handler: Handler, isOpen = false) =>
    xrpc.method(nsid, {
      auth: async ({ req }: { req: IncomingMessage }) => {
        const token = isOpen ? undefined : await verify(req, parts, nsid)
        asked.push({ nsid, url: req.url ?? '', headers: req.headers, token })
        if (token) noteShown(token)
        return { credentials: token ?? null }
      },
      handler: async (call: Call) => {
        const seen = asked.at(-1)
        if (seen && call.input) seen.input = call.input.body
        return handler(call)
      },
    } as never)

  method('app.bsky.feed.getTimeline', () => ({
    encoding: 'application/json',
    body: { feed: [], cursor: 'from the AppView' },
    headers: {
      'atproto-repo-rev': '3l2s5poxi422p',
      'atproto-content-labelers': 'did:web:labeler.test;redact',
      'content-language': 'eo',
      'set-cookie': 'a=b',
      'x-secret': 'of the service',
    },
  }))
  method(NAMED_NOWHERE.id, () => json({}))
  method('chat.bsky.convo.listConvos', () => json({ convos: [] }))
  method('app.bsky.notification.registerPush', () => undefined)
  method('app.bsky.notification.unregisterPush', () => undefined)
  method('com.atproto.moderation.createReport', ({ input }) =>
    json({
      ...(input?.body as object),
      id: 7,
      reportedBy: asked.at(-1)?.token?.iss,
      createdAt: new Date(0).toISOString(),
    }),
  )
  const getRecord = ({ params }: Call) => {
    const uri = `at://${params.repo}/${params.collection}/${params.rkey}`
    return records.has(uri)
      ? json({ uri, value: records.get(uri) })
      : { status: 400, error: 'RecordNotFound', message: 'no such record in the AppView' }
  }
  method('com.atproto.repo.getRecord', getRecord, true)
  const getFeed = async ({ params, req }: Call) => {
    const query = new URLSearchParams({ feed: String(params.feed) })
    const skeleton = await fetch(`${generatorUrl}/xrpc/app.bsky.feed.getFeedSkeleton?${query}`, {
      headers: { authorization: req.headers.authorization ?? '' },
    })
    if (!skeleton.ok) return { status: 502, message: await skeleton.text() }
    const { cursor } = (await skeleton.json()) as { cursor: string }
    return json({ feed: [], cursor })
  }
  method('app.bsky.feed.getFeed', getFeed, true)
  const { url, stop } = await serve(answerWildly(xrpc.router as never))
  return { did: parts.did, url, asked, stop }
}

/** A feed generator that says in the cursor for whom it made the feed. */
export async function startFeedGenerator(parts: ServiceParts): Promise<TestService> {
  const xrpc = createServer(schemas)
  const asked: Asked[] = []
  const nsid = 'app.bsky.feed.getFeedSkeleton'
  xrpc.method(nsid, {
    handler: async ({ req }: Call) => {
      const token = await verify(req, parts, nsid)
      asked.push({ nsid, url: req.url ?? '', headers: req.headers, token })
      return json({ feed: [], cursor: `for ${token.iss}` })
    },
  } as never)
  const { url, stop } = await serve(xrpc.router as never)
  return { did: parts.did, url, asked, stop }
}

const json = (body: object) => ({ encoding: 'application/json', body })

async function verify({ headers }: IncomingMessage, { did, keyOf }: ServiceParts, nsid: string) {
  const token = headers.authorization?.replace('Bearer ', '')
  if (!token) throw new AuthRequiredError()
  return verifyJwt(token, did, nsid, (iss) => keyOf(iss))
}

async function serve(listener: RequestListener) {
  const server = createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
