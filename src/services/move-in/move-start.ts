/** The beginning of a move: who moves, and their session at the old host. */
import { isValidDid } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import type { Network } from '../../kernel/net/network.ts'
import { pdsOf, signingKeyOf } from '../identity/did-document.ts'
import type { IdentityResolver } from '../identity/resolver.ts'
import { handleAt } from './handle-at.ts'
import { SourceError, SourceHost } from './source.ts'
import { SourceSession, tokensOf } from './source-session.ts'
import type { MoveState } from './state.ts'

/** What a token of the old host has to be for. */
export const CREATE_ACCOUNT = 'com.atproto.server.createAccount'

export interface MoveStartParts {
  config: Pick<Config, 'publicUrl' | 'reachPrivate' | 'serviceDid'>
  identity: IdentityResolver
  network: Network
}

/** Who wants to move, as the network knows them. */
export interface Mover {
  did: string
  /** Origin of the host where the account lives. */
  source: string
  /** did:key that signs the repository. */
  signingKey: string | undefined
}

export class MoveStart {
  readonly #parts: MoveStartParts

  constructor(parts: MoveStartParts) {
    this.#parts = parts
  }

  /** @param typed a handle or DID. @throws InvalidRequestError, IdentityError */
  async find(typed: string): Promise<Mover> {
    const { identity, config } = this.#parts
    const name = typed.trim().replace(/^@/, '')
    const did = isValidDid(name) ? name : await identity.handle(name, { fresh: true })
    if (did === undefined)
      throw new InvalidRequestError(
        `There is no account ${name}, as far as DNS and its web server say`,
      )
    const document = await identity.did(did, { fresh: true })
    const host = pdsOf(document)
    const source = host === undefined ? undefined : URL.parse(host)?.origin
    if (source === undefined) throw new InvalidRequestError(`The identity of ${name} names no host`)
    if (source === new URL(config.publicUrl).origin) {
      throw new InvalidRequestError(`${name} lives here already: sign in instead`)
    }
    return { did, source, signingKey: signingKeyOf(document) }
  }

  /**
   * Signs in at the old host, by the password of the account; app passwords may not move one.
   *
   * @throws SourceError, with `AuthFactorTokenRequired` where a code is asked for
   */
  async signIn(
    { did, source, signingKey }: Mover,
    { password, code }: { password: string; code?: string | undefined },
  ): Promise<MoveState> {
    const session = await this.#host(source).ask('com.atproto.server.createSession', {
      body: { identifier: did, password, ...(code && { authFactorToken: code }) },
    })
    const tokens = tokensOf(session)
    if (session.did !== did || !tokens) {
      throw new SourceError('The old host has signed in somebody else')
    }
    const { email } = session
    return {
      did,
      source,
      ...(signingKey && { signingKey }),
      ...tokens,
      ...(typeof email === 'string' && { email }),
    }
  }

  /** A token by which the old host says that its account asks for one here. @throws SourceError */
  async proof(state: MoveState): Promise<string> {
    const params = { aud: this.#parts.config.serviceDid, lxm: CREATE_ACCOUNT }
    const { token } = await this.#old(state).ask('com.atproto.server.getServiceAuth', { params })
    if (typeof token !== 'string') throw new SourceError('The old host gave no token')
    return token
  }

  /** The handle that the account gets here unless another is wanted: one of the old host's domains is left behind. */
  async handleHere(state: MoveState, domain: string): Promise<string> {
    const [session, described] = await Promise.all([
      this.#old(state).ask('com.atproto.server.getSession'),
      this.#host(state.source).ask('com.atproto.server.describeServer'),
    ])
    if (typeof session.handle !== 'string') throw new SourceError('The old host gave no handle')
    return handleAt(session.handle, described.availableUserDomains, [domain])
  }

  /** Ends the session at the old host, if it can be reached. */
  async signOut({ source, refresh }: MoveState): Promise<void> {
    await this.#host(source)
      .ask('com.atproto.server.deleteSession', { isProcedure: true, token: refresh })
      .catch(() => undefined)
  }

  #host(source: string): SourceHost {
    const { network, config } = this.#parts
    return new SourceHost(source, { fetch: network.public, reachPrivate: config.reachPrivate })
  }

  /** The old host, as its owner sees it. */
  #old(state: MoveState): SourceSession {
    return new SourceSession(this.#host(state.source), state)
  }
}
