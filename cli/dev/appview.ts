/**
 * A stand-in for the AppView of Bluesky, for `cumulus dev`: it answers the commonest questions from the records of the hosts,
 * checks the token of whoever asks as the real one does, and says of every request what it was and what became of it.
 */
import type { IncomingMessage } from 'node:http'
import { AuthRequiredError, InvalidRequestError, verifyJwt, XRPCError } from '@atproto/xrpc-server'
import type { Answers, FoundRecord } from './host-answers.ts'

const PROFILE = 'app.bsky.actor.profile'
const POST = 'app.bsky.feed.post'
const FOLLOW = 'app.bsky.graph.follow'
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100

interface Question {
  params: URLSearchParams
  /** DID of who asks; undefined: nobody who says so. */
  viewer: string | undefined
}

type Method = (question: Question) => Promise<object>

export interface AppViewAnswer {
  status: number
  body: object
  /** What there is to say on the terminal: NSID, who asked, with which token, what came of it. */
  line: string
}

export class AppView {
  readonly did: string
  readonly #host: Answers
  constructor(did: string, host: Answers) {
    this.did = did
    this.#host = host
  }

  async answer(request: IncomingMessage): Promise<AppViewAnswer> {
    const { pathname, searchParams: params } = new URL(request.url ?? '', 'http://appview')
    const nsid = pathname.slice('/xrpc/'.length)
    let who = 'without a token'
    try {
      const token = await this.#verify(request, nsid)
      if (token) who = `${await this.#nameOf(token.iss)}, token for ${token.aud} ${token.lxm}`
      const method = Object.hasOwn(this.#methods, nsid) ? this.#methods[nsid] : undefined
      if (!method) {
        const message = `The AppView stand-in of cumulus dev does not answer ${nsid}`
        throw new XRPCError(501, message, 'MethodNotImplemented')
      }
      const body = await method({ params, viewer: token?.iss })
      return { status: 200, body, line: `appview   ${nsid}  ${who}  200` }
    } catch (error) {
      const { statusCode: status, payload: body } = XRPCError.fromError(error)
      return { status, body, line: `appview   ${nsid}  ${who}  ${status} ${body.error}` }
    }
  }

  /** @throws AuthRequiredError for a token that is not good for this method of this service */
  async #verify({ headers }: IncomingMessage, nsid: string) {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
    if (token === undefined) return undefined
    return verifyJwt(token, this.did, nsid, async (iss, again) => {
      const did = iss.split('#')[0] ?? iss
      if (again) this.#host.forget(did)
      const key = (await this.#host.account(did))?.signingKey
      if (!key) throw new AuthRequiredError(`${did} is no account of a host here`)
      return key
    })
  }

  async #nameOf(did: string): Promise<string> {
    return (await this.#host.account(did))?.handle ?? did
  }

  readonly #methods: Readonly<Record<string, Method>> = {
    'com.atproto.identity.resolveHandle': async ({ params }) => {
      const account = await this.#host.account(params.get('handle') ?? '')
      if (!account) throw new InvalidRequestError('Unable to resolve handle', 'HandleNotFound')
      return { did: account.did }
    },
    'app.bsky.actor.getProfile': ({ params }) => this.#profile(params.get('actor') ?? ''),
    'app.bsky.actor.getProfiles': async ({ params }) => {
      const found = params.getAll('actors').map((actor) => this.#profile(actor).catch(() => []))
      return { profiles: (await Promise.all(found)).flat() }
    },
    'app.bsky.feed.getAuthorFeed': async ({ params }) =>
      this.#feed([(await this.#did(params.get('actor') ?? '')) ?? ''], params),
    'app.bsky.feed.getTimeline': async ({ params, viewer }) => {
      if (!viewer) throw new AuthRequiredError()
      const follows = await this.#host.records(viewer, FOLLOW)
      return this.#feed([viewer, ...follows.map(({ value }) => String(value.subject))], params)
    },
    'app.bsky.feed.getPosts': async ({ params }) => {
      const posts = await Promise.all(params.getAll('uris').map((uri) => this.#postAt(uri)))
      return { posts: posts.filter((post) => post !== undefined) }
    },
    'app.bsky.feed.getPostThread': async ({ params }) => {
      const post = await this.#postAt(params.get('uri') ?? '')
      if (!post) throw new InvalidRequestError('Post not found', 'NotFound')
      return { thread: { $type: 'app.bsky.feed.defs#threadViewPost', post, replies: [] } }
    },
  }

  /** @throws InvalidRequestError for one that is not of the host */
  async #did(actor: string): Promise<string> {
    const account = actor === '' ? undefined : await this.#host.account(actor)
    if (!account) throw new InvalidRequestError('Profile not found')
    return account.did
  }

  async #profile(actor: string): Promise<object> {
    const did = await this.#did(actor)
    const [posts, follows, basic] = await Promise.all([
      this.#host.records(did, POST),
      this.#host.records(did, FOLLOW),
      this.#author(did),
    ])
    return { ...basic, postsCount: posts.length, followsCount: follows.length }
  }

  async #author(did: string): Promise<object> {
    const [account, profile] = await Promise.all([
      this.#host.account(did),
      this.#host.record(did, PROFILE, 'self'),
    ])
    const { displayName, description, avatar } = profile?.value ?? {}
    const cid = (avatar as { ref?: { $link?: string } } | undefined)?.ref?.$link
    const blob = cid && `${account?.origin}/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`
    return {
      did,
      handle: account?.handle ?? 'handle.invalid',
      displayName,
      description,
      avatar: blob,
    }
  }

  /** The newest posts of some accounts; those of other hosts have none here. */
  async #feed(dids: readonly string[], params: URLSearchParams): Promise<object> {
    const limit = Math.min(Number(params.get('limit') ?? DEFAULT_LIMIT), MAX_LIMIT)
    const before = params.get('cursor') ?? '9'
    const all = await Promise.all(
      [...new Set(dids)].map(async (did) => {
        const [author, posts] = await Promise.all([
          this.#author(did),
          this.#host.records(did, POST),
        ])
        return posts.map((post) => postView(author, post))
      }),
    )
    const posts = all
      .flat()
      .filter(({ indexedAt }) => indexedAt < before)
      .sort((a, b) => (a.indexedAt < b.indexedAt ? 1 : -1))
      .slice(0, limit)
    const last = posts.length === limit ? posts.at(-1)?.indexedAt : undefined
    return { feed: posts.map((post) => ({ post })), ...(last !== undefined && { cursor: last }) }
  }

  async #postAt(uri: string) {
    const [, did, rkey] = /^at:\/\/(did:[^/]+)\/app\.bsky\.feed\.post\/([^/]+)$/.exec(uri) ?? []
    if (did === undefined || rkey === undefined) return undefined
    const post = await this.#host.record(did, POST, rkey)
    return post && postView(await this.#author(did), post)
  }
}

const postView = (author: object, { uri, cid, value }: FoundRecord) => ({
  uri,
  cid,
  author,
  record: value,
  indexedAt: String(value.createdAt),
})
