/** Creates accounts on this host. */
import { AuthRequiredError, InvalidRequestError } from '@atproto/xrpc-server'
import type { AccountInput, OpenedSession } from '../../contracts/account/lifecycle.ts'
import type { SignUpNote } from '../../contracts/sign-ups.ts'
import { keySecrets } from '../../kernel/config/secret-settings.ts'
import { isKey } from '../../kernel/crypto/did-key.ts'
import { decrypt } from '../../kernel/crypto/encrypt.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { OPERATOR } from '../../storage/directory/invite-code.ts'
import { PlcError } from '../identity/plc.ts'
import type { PlcOperation } from '../identity/plc-operation.ts'
import type { AccountDependencies } from './dependencies.ts'
import { assertLastingEmail } from './disposable-email.ts'
import { checkEmail } from './email-address.ts'
import { checkHandle } from './handle-rules.ts'
import { checkPassword } from './passwords.ts'
import { RESERVED_KEY } from './reserve-signing-key.ts'

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

/** Who asks for the account: the operator, somebody who proves with a service token to own a DID, or anybody. */
export type AccountCreator = { type: 'admin' } | { type: 'service'; did: string } | undefined

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
 * Creates an account: its names are reserved, it is prepared, its identity is published, the directory confirms
 * it, it is opened. What fails on the way is undone; where that fails too, because the process died, the
 * reservation expires and a background job of the account removes what was prepared.
 *
 * @throws InvalidRequestError `InvalidHandle`, `UnsupportedDomain`, `HandleNotAvailable`, `InvalidPassword`,
 *   `InvalidInviteCode`; InsufficientStorageError; AuthRequiredError for a DID that the creator has not proven to own; PlcError
 */
export async function createAccount(
  dependencies: AccountDependencies,
  request: NewAccountRequest,
  creator: AccountCreator,
): Promise<OpenedSession> {
  const byOperator = creator?.type === 'admin'
  const inviteCode = await inviteOf(dependencies, request, byOperator)
  const { registration, signUps } = dependencies.config
  const waits = registration === 'approval' && !byOperator && !inviteCode
  await dependencies.space.assertRoom()
  const { password = '' } = request
  checkPassword(password)
  const email = checkEmail(request.email, { required: !byOperator })
  if (!byOperator) await assertLastingEmail(email, dependencies.config)
  const isHosted = request.did === `did:web:${request.handle.toLowerCase()}`
  const handle = await checkHandle(dependencies, request.handle, {
    did: isHosted ? undefined : request.did,
    byOperator,
  })
  const network = byOperator ? undefined : await dependencies.countSignUp()
  const hash = dependencies.hashAhead(password, network)
  // It is awaited later, if nothing fails before.
  hash?.catch(() => undefined)
  const identity = await chooseIdentity(dependencies, { ...request, handle }, creator)
  const { did, key } = identity
  await dependencies.objects.directory.accounts.reserve(
    { did, handle, email },
    inviteCode,
    { byOperator, didProven: identity.isMoving },
    {
      ...(waits && { queueMax: signUps.queue.max }),
      ...burstOf(network, email, inviteCode, signUps.burst),
    },
  )
  const account: AccountInput = {
    did,
    handle,
    email,
    password: hash ? null : password,
    signingKey: key.toBytes(),
    becomes: identity.isMoving ? 'deactivated' : 'active',
    ...(waits && { awaitsApproval: true }),
  }
  const opened = await make(dependencies, account, { genesis: identity.genesis, hash })
  // It may have been another account's, whose sign-up was refused.
  dependencies.lookup.invalidate(handle)
  if (identity.wasReserved)
    dependencies.waitUntil(dependencies.objects.directory.keys.remove(key.did()))
  return opened
}

/** Whoever was invited is known to somebody, and is no part of a burst. */
const burstOf = (
  network: string | undefined,
  email: string | null,
  inviteCode: string | undefined,
  minimum: number,
): SignUpNote =>
  network === undefined || inviteCode !== undefined || minimum === 0
    ? {}
    : { burst: { network, domain: email?.slice(email.lastIndexOf('@') + 1) ?? '', minimum } }

/** What is still to be added to a prepared account. */
interface Outstanding {
  genesis: PlcOperation | undefined
  /** Of the password, where `AccountInput` has none. */
  hash: Promise<string> | undefined
}

async function make(
  dependencies: AccountDependencies,
  account: AccountInput,
  { genesis, hash }: Outstanding,
): Promise<OpenedSession> {
  const { did, handle } = account
  const stub = dependencies.objects.account(did)
  let published = false
  try {
    await stub.lifecycle.prepare(account)
    // If hashing has failed already, nothing has to be published and ended again.
    await Promise.race([hash, undefined])
    const publish = async () => {
      // Of whom the operator has not approved yet, the PLC directory hears nothing either.
      if (!genesis || account.awaitsApproval) return
      await dependencies.plc.submit(did, genesis)
      published = true
    }
    const steps = [publish(), hash?.then((value) => stub.lifecycle.setFirstPassword(value))]
    // Each is waited for, whatever the other one comes to: what was published is known before it is undone.
    await Promise.allSettled(steps)
    await Promise.all(steps)
    const waits = account.awaitsApproval
      ? { genesis: genesis ? JSON.stringify(genesis) : null }
      : undefined
    if (!(await dependencies.objects.directory.accounts.confirm({ did, handle }, waits))) {
      throw new InvalidRequestError(`Handle already taken: ${handle}`, 'HandleNotAvailable')
    }
  } catch (error) {
    // What cannot be undone now, a background job of the account undoes: it ends the identity of one that is pending.
    const isPublic = published || (error instanceof PlcError && error.isUnclear)
    const ended = isPublic ? dependencies.plc.tombstone(did) : Promise.resolve()
    await Promise.allSettled([
      ended.then(() => stub.lifecycle.discard()),
      dependencies.objects.directory.accounts.release(did),
    ])
    throw error
  }
  return await stub.lifecycle.open()
}

async function chooseIdentity(
  dependencies: AccountDependencies,
  request: NewAccountRequest,
  creator: AccountCreator,
): Promise<NewIdentity> {
  const { did, handle, recoveryKey } = request
  if (did === undefined) return newPlc(dependencies, handle, recoveryKey)
  if (dependencies.operatorNames.hasDid(did)) {
    throw new InvalidRequestError(`${did} belongs to this host or to a service that it works with`)
  }
  const reserved = await dependencies.objects.directory.keys.find('did', did)
  const key = reserved
    ? SigningKey.fromBytes(
        await decrypt(keySecrets(dependencies.config), RESERVED_KEY, reserved.sealed),
      )
    : SigningKey.generate(dependencies.config.signingKeyType)
  const wasReserved = reserved !== undefined
  // The did:web of a handle of this host is this host's to serve: there is nothing to prove.
  const isHosted =
    did === `did:web:${handle}` &&
    dependencies.config.handleDomains.some((domain) => handle.endsWith(domain))
  if (isHosted) return { did, key, isMoving: false, wasReserved }
  if (creator?.type !== 'service' || creator.did !== did) {
    throw new AuthRequiredError(`Missing auth to create account with did: ${did}`)
  }
  return { did, key, isMoving: true, wasReserved }
}

/** A new did:plc. Whoever holds a key that stands before ours can undo within 72 hours what ours signs. */
function newPlc(
  dependencies: AccountDependencies,
  handle: string,
  recoveryKey: string | undefined,
): NewIdentity {
  if (recoveryKey && !isKey(recoveryKey)) {
    throw new InvalidRequestError('recoveryKey must be a did:key of secp256k1 or P-256')
  }
  const key = SigningKey.generate(dependencies.config.signingKeyType)
  const candidates = [
    recoveryKey || undefined,
    dependencies.config.recoveryKey,
    dependencies.plc.rotationDidKey(),
  ]
  const rotationKeys = [...new Set(candidates.filter((candidate) => candidate !== undefined))]
  const { did, op } = dependencies.plc.genesis({
    signingKey: key.did(),
    rotationKeys,
    handle,
    pds: dependencies.config.publicUrl,
  })
  return { did, key, genesis: op, isMoving: false, wasReserved: false }
}

/**
 * The invite code that is used up by an account; undefined: none is needed. On a closed host those of the operator
 * count: they are for somebody whom the operator knows.
 *
 * @throws InvalidRequestError `InvalidInviteCode`
 */
async function inviteOf(
  { config, objects }: AccountDependencies,
  { inviteCode }: NewAccountRequest,
  byOperator: boolean,
): Promise<string | undefined> {
  const { registration } = config
  if (byOperator || registration === 'open') return undefined
  // Whoever was invited does not have to wait.
  if (registration === 'approval' && !inviteCode) return undefined
  const isClosed = registration === 'closed'
  const refused = (message: string) => new InvalidRequestError(message, 'InvalidInviteCode')
  const closed = 'Registration is closed on this host: it takes an invite code of its operator'
  if (!inviteCode) throw refused(isClosed ? closed : 'No invite code provided')
  const origin = await objects.directory.invites.originOf(inviteCode)
  if (!origin) throw refused('Provided invite code not available')
  if (isClosed && origin.createdBy !== OPERATOR) throw refused(closed)
  if (origin.forAccount !== OPERATOR && (await isTakenDown(objects, origin.forAccount))) {
    throw refused('Provided invite code not available')
  }
  return inviteCode
}

/** Whether an account was taken down; one that is gone was not. */
async function isTakenDown(
  { account, directory }: AccountDependencies['objects'],
  did: string,
): Promise<boolean> {
  if (!(await directory.accounts.find('did', did))) return false
  return (await account(did).repository.status()).status === 'takendown'
}
