/** Makes accounts on this host. */
import { AuthRequiredError, InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import type { OpenedSession } from '../../durable/account/sign-in.ts'
import type { AccountInput } from '../../durable/account.ts'
import { isKey } from '../../kernel/crypto/did-key.ts'
import { unseal } from '../../kernel/crypto/seal.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { AdminCredentials, ServiceCredentials } from '../../server/auth/policy.ts'
import type { PlcOperation } from '../identity/plc-operation.ts'
import { unwrap } from '../objects/result.ts'
import { checkEmail } from './email-address.ts'
import { checkHandle } from './handle-rules.ts'
import { checkPassword } from './passwords.ts'
import { RESERVED_KEY } from './reserve-key.ts'

export interface NewAccountRequest {
  handle: string
  /** An identity that is brought along, or the did:web of the handle, which this host then serves. */
  did?: string
  email?: string
  password?: string
  inviteCode?: string
  /** did:key of the user, ranked above the host's own in a new did:plc. */
  recoveryKey?: string
}

/** Whoever asks for the account. */
export type Newcomer = ServiceCredentials | AdminCredentials | undefined

/** Who the account will be, decided before anything is stored. */
interface NewIdentity {
  did: string
  key: SigningKey
  /** To be sent to the PLC directory once the account is prepared. */
  genesis?: PlcOperation
  /** The identity exists and is still on its way here: nothing is announced before it is activated. */
  isMoving: boolean
  /** The key was reserved; it is to be forgotten as such. */
  wasReserved: boolean
}

/**
 * Makes an account: its names are reserved, it is prepared, its identity is published, the directory comes to
 * know it, it is opened. What fails on the way is undone; where that fails too, because the process
 * died, the reservation lapses and the alarm of the account removes what was prepared.
 *
 * @throws InvalidRequestError `InvalidHandle`, `UnsupportedDomain`, `HandleNotAvailable`, `InvalidPassword`,
 *   `InvalidInviteCode`; AuthRequiredError for a DID that the caller has not proven to own; PlcError
 */
export async function createAccount(
  app: App,
  request: NewAccountRequest,
  caller: Newcomer,
): Promise<OpenedSession> {
  const byOperator = caller?.type === 'admin'
  assertMayRegister(app, request, byOperator)
  const { password = '' } = request
  checkPassword(password)
  const email = checkEmail(request.email, { required: !byOperator })
  const isHosted = request.did === `did:web:${request.handle.toLowerCase()}`
  const handle = await checkHandle(app, request.handle, {
    did: isHosted ? undefined : request.did,
    byOperator,
  })
  const identity = await chooseIdentity(app, { ...request, handle }, caller)
  const { did, key } = identity
  unwrap(await app.directory.reserve({ did, handle, email }, inviteOf(app, request, byOperator)))
  const account: AccountInput = {
    did,
    handle,
    email,
    password,
    signingKey: key.toBytes(),
    becomes: identity.isMoving ? 'deactivated' : 'active',
  }
  const opened = await make(app, account, identity.genesis)
  if (identity.wasReserved) app.later(app.directory.forgetKey(key.did()))
  return opened
}

async function make(
  app: App,
  account: AccountInput,
  genesis: PlcOperation | undefined,
): Promise<OpenedSession> {
  const { did, handle } = account
  const stub = app.account(did)
  let published = false
  try {
    unwrap(await stub.prepare(account))
    if (genesis) {
      await app.plc.submit(did, genesis)
      published = true
    }
    if (!(await app.directory.confirm({ did, handle }))) {
      throw new InvalidRequestError(`Handle already taken: ${handle}`, 'HandleNotAvailable')
    }
  } catch (error) {
    // What cannot be undone now is undone by the account's alarm.
    await Promise.allSettled([
      stub.discard(),
      app.directory.release(did),
      published && app.plc.tombstone(did),
    ])
    throw error
  }
  return unwrap(await stub.open())
}

async function chooseIdentity(
  app: App,
  request: NewAccountRequest,
  caller: Newcomer,
): Promise<NewIdentity> {
  const { did, handle, recoveryKey } = request
  if (did === undefined) return newPlc(app, handle, recoveryKey)
  const reserved = await app.directory.reservedKey('did', did)
  const key = reserved
    ? SigningKey.fromBytes(await unseal(app.config.keySecret, RESERVED_KEY, reserved.sealed))
    : SigningKey.generate(app.config.signingKeyType)
  const wasReserved = reserved !== undefined
  // The did:web of a handle of this host is this host's to serve: there is nothing to prove.
  const isHosted =
    did === `did:web:${handle}` &&
    app.config.handleDomains.some((domain) => handle.endsWith(domain))
  if (isHosted) return { did, key, isMoving: false, wasReserved }
  if (caller?.type !== 'service' || caller.did !== did) {
    throw new AuthRequiredError(`Missing auth to create account with did: ${did}`)
  }
  return { did, key, isMoving: true, wasReserved }
}

/** A new did:plc. Whoever holds a key that stands before ours can undo within 72 hours what ours signs. */
function newPlc(app: App, handle: string, recoveryKey: string | undefined): NewIdentity {
  if (recoveryKey !== undefined && !isKey(recoveryKey)) {
    throw new InvalidRequestError('recoveryKey must be a did:key of secp256k1 or P-256')
  }
  const key = SigningKey.generate(app.config.signingKeyType)
  const candidates = [recoveryKey, app.config.recoveryKey, app.plc.rotationDidKey()]
  const rotationKeys = [...new Set(candidates.filter((candidate) => candidate !== undefined))]
  const { did, op } = app.plc.genesis({
    signingKey: key.did(),
    rotationKeys,
    handle,
    pds: app.config.publicUrl,
  })
  return { did, key, genesis: op, isMoving: false, wasReserved: false }
}

function assertMayRegister(app: App, { inviteCode }: NewAccountRequest, byOperator: boolean): void {
  const { registration } = app.config
  if (byOperator || registration === 'open') return
  if (registration === 'closed') {
    throw new InvalidRequestError('Registration is closed on this host', 'InvalidInviteCode')
  }
  if (inviteCode === undefined) {
    throw new InvalidRequestError('No invite code provided', 'InvalidInviteCode')
  }
}

/** The invite code that is used up by an account. */
const inviteOf = (app: App, { inviteCode }: NewAccountRequest, byOperator: boolean) =>
  !byOperator && app.config.registration === 'invite' ? inviteCode : undefined
