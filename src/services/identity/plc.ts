import { XRPCError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import { boundedFetch, type Fetch, readJson } from '../../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'
import {
  didOf,
  handleUri,
  type LegacyPlcCreate,
  type LoggedPlcOperation,
  normalizeOperation,
  operationCid,
  type PlcOperation,
  type PlcState,
  type PlcTombstone,
  pdsService,
  type Signed,
  signOperation,
  type UnsignedPlcOperation,
  type UnsignedPlcTombstone,
} from './plc-operation.ts'
import { RotationKeys } from './rotation-keys.ts'

/** ms */
const READ_TIMEOUT = 3_000
const WRITE_TIMEOUT = 10_000

/** How often an operation is sent whose fate is unknown. */
const ATTEMPTS = 2

/** Bytes; an operation has at most 7,500. */
const MAX_ANSWER = 64 * 1024
/** Bytes of the whole log of an identity. */
const MAX_LOG = 2 * 1024 * 1024

/**
 * The PLC directory refused, or could not be reached. As an XRPC error: what it refuses is the caller's
 * fault (400 `InvalidRequest`, with its message), everything else, and too many requests of this host's, is
 * not (502 `UpstreamFailure`).
 */
export class PlcError extends XRPCError {
  override name = 'PlcError'
  /** The directory's HTTP status; undefined: it did not answer. 404: no such DID. 410: a tombstone. */
  readonly plcStatus: number | undefined
  /** Whether an operation was sent of which nobody knows whether it was, or will be, applied. */
  isUnclear = false

  constructor(plcStatus: number | undefined, message: string, cause?: unknown) {
    const refused =
      plcStatus !== undefined && plcStatus >= 400 && plcStatus < 500 && plcStatus !== 429
    super(refused ? 400 : 502, message, refused ? 'InvalidRequest' : 'UpstreamFailure', { cause })
    this.plcStatus = plcStatus
  }
}

export interface NewIdentity {
  /** did:key that signs the repository. */
  signingKey: string
  /** did:keys, the strongest first; the host's must be among them. */
  rotationKeys: string[]
  handle: string
  /** The host's URL. */
  pds: string
}

/** An operation as the directory tells of it (`/<did>/log/audit`). */
export interface PlcLogEntry {
  cid: string
  operation: LoggedPlcOperation
  /** A stronger key has undone it. */
  nullified: boolean
  /** ISO 8601. */
  createdAt: string
}

/** The data of a DID as the directory tells it (`/<did>/data`). */
export interface PlcData extends PlcState {
  did: string
}

/**
 * The directory of did:plc identities (did:plc specification), and this host's rotation key, with which
 * it signs changes of its accounts' identities. Kept per isolate.
 */
export class PlcDirectory {
  readonly #url: string
  readonly #keys: RotationKeys
  readonly #fetch: Fetch

  constructor(
    config: Pick<Config, 'plcUrl' | 'plcRotationKey' | 'otherPlcRotationKey'>,
    fetch: Fetch,
  ) {
    this.#url = config.plcUrl
    this.#keys = new RotationKeys(config)
    this.#fetch = fetch
  }

  /** did:key of this host's rotation key. */
  rotationDidKey(): string {
    return this.#keys.own.did()
  }

  /** The same, and the one that it takes the place of, or that takes its place. */
  ownDidKeys(): string[] {
    return this.#keys.all().map((key) => key.did())
  }

  /** Signs with this host's rotation key; nothing is sent. */
  sign<T extends UnsignedPlcOperation | UnsignedPlcTombstone>(operation: T): Signed<T> {
    return signOperation(operation, this.#keys.own)
  }

  /** The signed first operation of a new identity, and the DID that it makes; nothing is sent. */
  genesis({ signingKey, rotationKeys, handle, pds }: NewIdentity): {
    did: string
    op: PlcOperation
  } {
    const op = this.sign<UnsignedPlcOperation>({
      type: 'plc_operation',
      rotationKeys,
      verificationMethods: { atproto: signingKey },
      alsoKnownAs: [handleUri(handle)],
      services: { atproto_pds: pdsService(pds) },
      prev: null,
    })
    return { did: didOf(op), op }
  }

  /**
   * The signed operation that would change an identity from its present state; nothing is submitted.
   *
   * @throws PlcError
   */
  async nextOperation(did: string, change: (state: PlcState) => PlcState): Promise<PlcOperation> {
    const last = await this.#lastLiving(did)
    const { type: _, prev: __, ...state } = normalizeOperation(last)
    // Whatever else is changed, a key that is being replaced goes.
    const replaced = { ...state, rotationKeys: this.#keys.replaceIn(state.rotationKeys) }
    const { rotationKeys, verificationMethods, alsoKnownAs, services } = change(replaced)
    const operation: UnsignedPlcOperation = {
      type: 'plc_operation',
      rotationKeys,
      verificationMethods,
      alsoKnownAs,
      services,
      prev: operationCid(last),
    }
    return signOperation(operation, this.#keys.oneOf(state.rotationKeys))
  }

  /**
   * Changes an identity, signed with this host's rotation key, and returns the operation. When somebody
   * else changes it at the same moment, the directory refuses one of the two.
   *
   * @throws PlcError
   */
  async update(did: string, change: (state: PlcState) => PlcState): Promise<PlcOperation> {
    const op = await this.nextOperation(did, change)
    await this.submit(did, op)
    return op
  }

  /** Ends an identity; @throws PlcError */
  async tombstone(did: string): Promise<PlcTombstone> {
    const last = await this.#lastLiving(did)
    const { rotationKeys } = normalizeOperation(last)
    const tombstone: UnsignedPlcTombstone = { type: 'plc_tombstone', prev: operationCid(last) }
    const op = signOperation(tombstone, this.#keys.oneOf(rotationKeys))
    await this.submit(did, op)
    return op
  }

  /**
   * Hands a signed operation to the directory. When its answer does not come, or says nothing of the operation, the log
   * is read: it may be there. Otherwise it is sent again, which does no harm, as it can be applied once only.
   *
   * @throws PlcError, `isUnclear` when that did not help either
   */
  async submit(did: string, op: PlcOperation | PlcTombstone): Promise<void> {
    let isUnclear = false
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#post(did, op)
      } catch (error) {
        if (!(error instanceof PlcError)) throw error
        const isRefused = error.statusCode === 400 || error.plcStatus === 429
        if (isRefused && !isUnclear) throw error
        // A refusal may be of what was applied the first time.
        const isApplied = await this.#isLast(did, op)
        if (isApplied) return
        isUnclear = !(isRefused && isApplied === false)
        error.isUnclear = isUnclear
        if (!isUnclear || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Whether an operation is the last of its log; undefined: the directory does not say. */
  async #isLast(did: string, op: PlcOperation | PlcTombstone): Promise<boolean | undefined> {
    try {
      return operationCid(await this.lastOp(did)) === operationCid(op)
    } catch (error) {
      if (!(error instanceof PlcError)) throw error
      return error.plcStatus === 404 ? false : undefined
    }
  }

  async #post(did: string, op: PlcOperation | PlcTombstone): Promise<void> {
    await this.#ask(did, '', async (url) => {
      const response = await boundedFetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(op),
        timeout: WRITE_TIMEOUT,
        maxBytes: MAX_ANSWER,
        fetch: this.#fetch,
      })
      if (!response.ok) throw await refusal(response)
      await response.body?.cancel()
    })
  }

  /** The newest operation, as it was signed; @throws PlcError */
  async lastOp(did: string): Promise<LoggedPlcOperation> {
    return (await this.#get(did, '/log/last')) as LoggedPlcOperation
  }

  /** All operations in order, those that were undone included; @throws PlcError */
  async auditLog(did: string): Promise<PlcLogEntry[]> {
    return (await this.#get(did, '/log/audit', MAX_LOG)) as PlcLogEntry[]
  }

  /** The present state of an identity; @throws PlcError, `plcStatus` 404 or 410 when there is none */
  async documentData(did: string): Promise<PlcData> {
    return (await this.#get(did, '/data')) as PlcData
  }

  async #lastLiving(did: string): Promise<PlcOperation | LegacyPlcCreate> {
    const last = await this.lastOp(did)
    if (last.type === 'plc_tombstone') throw new PlcError(410, `DID is tombstoned: ${did}`)
    return last
  }

  #get(did: string, path: string, maxBytes = MAX_ANSWER): Promise<unknown> {
    return this.#ask(did, path, async (url) => {
      const limits = { timeout: READ_TIMEOUT, maxBytes }
      const response = await boundedFetch(url, { ...limits, fetch: this.#fetch })
      if (!response.ok) throw await refusal(response)
      return readJson(response)
    })
  }

  async #ask<T>(did: string, path: string, send: (url: string) => Promise<T>): Promise<T> {
    try {
      return await send(`${this.#url}/${encodeURIComponent(did)}${path}`)
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      throw new PlcError(undefined, `PLC directory: ${error.message}`, error)
    }
  }
}

/** The directory answers refusals with `{"message": …}`. */
async function refusal(response: Response): Promise<PlcError> {
  const { status } = response
  const text = await response.text()
  return new PlcError(status, `PLC directory: ${messageIn(text) ?? `status ${status}`}`)
}

function messageIn(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
