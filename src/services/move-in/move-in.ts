/**
 * Moves an account in from another host by the standard methods (atproto account migration), a piece at a time: each call
 * finds out what holds already, does one thing, and may be repeated. Nothing of a move is stored but in the account itself.
 */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import type { Network } from '../../kernel/net/network.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { BlobService } from '../blobs/blobs.ts'
import { signingKeyOf } from '../identity/did-document.ts'
import type { PlcDirectory } from '../identity/plc.ts'
import { handleUri, pdsService } from '../identity/plc-operation.ts'
import type { IdentityResolver } from '../identity/resolver.ts'
import type { DiskSpace } from '../objects/disk-space.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { dataOfCommit } from './commit-data.ts'
import { type CopiedBlobs, copyBlobs } from './copy-blobs.ts'
import { movedState } from './moved-state.ts'
import { preferencesFrom } from './preferences-from.ts'
import { signedAsAsked } from './signed-operation.ts'
import { SourceError, SourceHost } from './source.ts'
import { dataAt, headAt } from './source-head.ts'
import { SourceSession } from './source-session.ts'
import type { MoveState } from './state.ts'
import { watchFailure } from './watch-failure.ts'

export interface MoveInParts {
  config: Pick<
    Config,
    | 'blobUploadLimit'
    | 'maxImportSize'
    | 'publicUrl'
    | 'reachPrivate'
    | 'recoveryKey'
    | 'serviceDid'
  >
  objects: Pick<HostObjects, 'account'>
  accounts: Accounts
  blobs: BlobService
  identity: IdentityResolver
  plc: PlcDirectory
  network: Network
  space: Pick<DiskSpace, 'assertRoom'>
}

/** How far a move is. */
export interface MoveFacts {
  records: { here: number; there: number; isSame: boolean }
  blobs: { here: number; expected: number }
  /** The identity says that the account lives here. */
  isIdentityHere: boolean
  isActive: boolean
  /** At the old host; undefined: it does not say any more. */
  isActiveThere: boolean | undefined
}

/** As the old host says, if it does. */
interface StatusThere {
  isActive: boolean | undefined
  records: number | undefined
}

export class MoveIn {
  readonly #parts: MoveInParts

  constructor(parts: MoveInParts) {
    this.#parts = parts
  }

  /** @throws SourceError */
  async facts(state: MoveState): Promise<MoveFacts> {
    const { did } = state
    const inventory = await this.#account(did).profile.inventory()
    const isIdentityHere = await this.#isIdentityHere(did)
    const there = await this.#statusThere(state, isIdentityHere)
    // Of an account that lives here already, the old host's copy counts no more.
    const isHome = inventory.active && isIdentityHere
    const isSame = isHome || (await this.#isSame(state, isIdentityHere && inventory.records > 0))
    return {
      records: {
        here: inventory.records,
        there: there?.records ?? inventory.records,
        isSame,
      },
      blobs: { here: inventory.importedBlobs, expected: inventory.expectedBlobs },
      isIdentityHere,
      isActive: inventory.active,
      isActiveThere: there?.isActive,
    }
  }

  /** Fetches the repository and imports it as it arrives. @throws SourceError, XRPCError, InsufficientStorageError */
  async copyRecords(state: MoveState): Promise<void> {
    const { did } = state
    await this.#parts.space.assertRoom()
    const { active } = await this.#account(did).profile.inventory()
    // What was written here since would be lost.
    if (active && (await this.#isIdentityHere(did))) {
      throw new InvalidRequestError('The account lives here already')
    }
    const document = await this.#parts.identity.did(did, { fresh: true })
    // Where the identity leads here already, it names the old host's key no more.
    const keys = [signingKeyOf(document), state.signingKey].filter((key) => key !== undefined)
    const { body } = await this.#old(state).open(
      'com.atproto.sync.getRepo',
      { did },
      this.#parts.config.maxImportSize,
    )
    if (!body) throw new SourceError('The old host sent no repository')
    const { repository, sessions } = this.#account(did)
    const signOuts = await sessions.signOuts()
    const watched = watchFailure(body)
    try {
      await repository.importCar(watched.stream, keys, signOuts)
    } catch (error) {
      // The object sees that the stream failed, but not why.
      const cause = watched.failure()
      if (cause === undefined) throw error
      const why = cause instanceof NetworkError ? cause.message : 'the connection broke'
      throw new SourceError(`The old host did not send the whole repository: ${why}`, { cause })
    }
  }

  /**
   * Copies blobs that are missing for some time.
   *
   * @param after the CID after which it goes on
   * @param time ms
   */
  copyBlobs(state: MoveState, after: string | undefined, time: number): Promise<CopiedBlobs> {
    const { blobs, config } = this.#parts
    return copyBlobs({
      did: state.did,
      after,
      time,
      missing: (limit, cursor) => this.#account(state.did).blobs.listMissing(limit, cursor),
      fetch: (cid) =>
        this.#old(state).open(
          'com.atproto.sync.getBlob',
          { did: state.did, cid },
          config.blobUploadLimit,
        ),
      upload: (body, declaredType) =>
        blobs.upload(state.did, body, { declaredType, size: undefined }),
    })
  }

  /** @throws SourceError, InvalidRequestError */
  async copyPreferences(state: MoveState): Promise<void> {
    const { preferences } = await this.#old(state).ask('app.bsky.actor.getPreferences')
    if (!Array.isArray(preferences)) return
    await this.#account(state.did).preferences.set(preferencesFrom(preferences), true)
  }

  /** Has the old host mail the code that it asks for. @throws SourceError */
  async askForCode(state: MoveState): Promise<void> {
    await this.#old(state).ask('com.atproto.identity.requestPlcOperationSignature', {
      isProcedure: true,
    })
    state.codeAskedAt = Date.now()
  }

  /** What the document of a did:web has to say. */
  async wantedDocument(did: string): Promise<{ handle: string; key: string; endpoint: string }> {
    const [{ handle }, key] = await Promise.all([
      this.#parts.accounts.get(did),
      this.#account(did).keys.publicKey(),
    ])
    return { handle, key, endpoint: this.#parts.config.publicUrl }
  }

  /**
   * Makes this host the account's home for the network. Where it is already, nothing is done.
   *
   * @throws SourceError, InvalidRequestError, PlcError
   */
  async switchIdentity(state: MoveState, code: string): Promise<void> {
    const { did } = state
    const { plc, accounts, config } = this.#parts
    if (await this.#isIdentityHere(did)) return
    const recommendedThere = await this.#old(state).ask(
      'com.atproto.identity.getRecommendedDidCredentials',
    )
    const { rotationKeys } = recommendedThere
    const { handle, key } = await this.wantedDocument(did)
    const wanted = movedState(await plc.documentData(did), {
      leaving: Array.isArray(rotationKeys) ? rotationKeys : [],
      recoveryKey: state.recoveryKey,
      hostKeys: [config.recoveryKey, plc.rotationDidKey()].filter((known) => known !== undefined),
      alias: handleUri(handle),
      verificationMethods: { atproto: key },
      services: { atproto_pds: pdsService(config.publicUrl) },
    })
    const signed = await this.#old(state).ask('com.atproto.identity.signPlcOperation', {
      body: { token: code.trim(), ...wanted },
    })
    const operation = signedAsAsked(signed.operation, wanted, await plc.lastOp(did))
    if (!operation) {
      throw new SourceError(
        'The old host has signed another change of the identity than it was asked for. Nothing was switched.',
      )
    }
    await accounts.assertKeepsAccountHere(did, operation)
    await plc.submit(did, operation)
    accounts.invalidate(did)
    await this.#account(did).profile.announceIdentity()
  }

  /** CID of the old host's last commit; undefined: it does not say. */
  async headThere(state: MoveState): Promise<string | undefined> {
    try {
      return await headAt(this.#old(state), state.did)
    } catch (error) {
      if (error instanceof SourceError) return undefined
      throw error
    }
  }

  /** Switches the account on. @throws InvalidRequestError while the identity does not lead here */
  async activate(did: string): Promise<void> {
    await this.#parts.accounts.assertIdentity(did)
    await this.#account(did).lifecycle.activate()
  }

  /** Deactivates the account at the old host. One that is gone there is as good. @throws SourceError without an answer */
  async leave(state: MoveState): Promise<void> {
    try {
      await this.#old(state).ask('com.atproto.server.deactivateAccount', { body: {} })
    } catch (error) {
      const isGone =
        error instanceof SourceError &&
        /AccountDeactivated|AccountNotFound|RepoDeactivated/.test(error.error ?? '')
      if (!isGone) throw error
    }
  }

  #host(source: string): SourceHost {
    const { network, config } = this.#parts
    return new SourceHost(source, { fetch: network.public, reachPrivate: config.reachPrivate })
  }

  #account(did: string) {
    return this.#parts.objects.account(did)
  }

  /** The old host, as its owner sees it. */
  #old(state: MoveState): SourceSession {
    return new SourceSession(this.#host(state.source), state)
  }

  async #isIdentityHere(did: string): Promise<boolean> {
    this.#parts.accounts.invalidate(did)
    return (await this.#parts.accounts.identityProblem(did)) === undefined
  }

  /** Once the identity has moved, the old host need not answer any more. */
  async #statusThere(state: MoveState, mayBeGone: boolean): Promise<StatusThere | undefined> {
    try {
      const status = await this.#old(state).ask('com.atproto.server.checkAccountStatus')
      const { activated, indexedRecords } = status
      return {
        isActive: typeof activated === 'boolean' ? activated : undefined,
        records: typeof indexedRecords === 'number' ? indexedRecords : undefined,
      }
    } catch (error) {
      if (error instanceof SourceError && mayBeGone) return undefined
      throw error
    }
  }

  /**
   * Whether both hosts have the same tree, which stands for the path and CID of each record.
   *
   * @param mayBeGone the old host need not answer any more: then what is here is all that there is
   */
  async #isSame(state: MoveState, mayBeGone: boolean): Promise<boolean> {
    const { did } = state
    const { repository } = this.#account(did)
    const latest = await repository.latestCommit(true)
    const here = dataOfCommit(await repository.getBlocks([latest.cid], true), latest.cid)
    try {
      return here === (await dataAt(this.#old(state), did))
    } catch (error) {
      if (error instanceof SourceError && mayBeGone) return true
      throw error
    }
  }
}
