/** What is looked at before anything is done: whether the move can succeed, and what whoever moves should know. */
import { isValidHandle } from '@atproto/syntax'
import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import { handleAt } from '../../src/services/move-in/handle-at.ts'
import type { BlobUse } from './car-file.ts'
import { MoveError, RemoteError } from './errors.ts'
import { didOfAccount, identityOf, plcOf, safeOrigin, shown } from './identity.ts'
import { Remote, type RemoteOptions } from './remote.ts'
import type { MoveState } from './state.ts'

export interface Wanted {
  /** Handle or DID. */
  account: string
  /** Address of the old host, if the identity shall not say it. */
  from: string | undefined
  /** Address of the new host. */
  to: string
  /** New handle. */
  handle: string | undefined
  email: string | undefined
  offline: boolean
}

export const DESCRIBE = 'com.atproto.server.describeServer'

/** What `describeServer` says. */
export interface HostDescription {
  did: string
  availableUserDomains: string[]
  inviteCodeRequired?: boolean
  blobUploadLimit?: number
}

export interface Finding {
  level: 'ok' | 'note' | 'stop'
  text: string
}

export interface Preflight {
  state: MoveState
  findings: Finding[]
  /** Bytes of a blob, where the new host says. */
  blobLimit: number | undefined
}

/** Only reads. @throws MoveError, RemoteError where nothing can be found out */
export async function preflight(
  wanted: Wanted,
  options: RemoteOptions,
  network: ResolutionSettings,
): Promise<Preflight> {
  const findings: Finding[] = []
  const say = (level: Finding['level'], text: string) => findings.push({ level, text })
  const target = safeOrigin(wanted.to)
  const here = new Remote('the new host', target, options)
  const named = wanted.from === undefined ? undefined : safeOrigin(wanted.from)
  const from = named === undefined ? undefined : new Remote('the old host', named, options)
  const did = await didOfAccount(wanted.account, wanted.offline ? undefined : from, here, network)
  const identity = await identityOf(did, network)
  const source = named ?? (identity.host === undefined ? undefined : safeOrigin(identity.host))
  if (source === undefined) {
    throw new MoveError(`The identity of ${did} names no host: name the old one with --from`)
  }
  const described = await here.get<HostDescription>(DESCRIBE)
  if (typeof described.did !== 'string' || !Array.isArray(described.availableUserDomains)) {
    throw new MoveError(`${target} does not describe itself as a host does`)
  }
  const oldHandle = shown(identity.handle ?? wanted.account)
  say('ok', `${oldHandle} is ${did}, and lives at ${source}`)
  say('ok', `It moves to ${target} (${shown(described.did)})`)
  let oldDomains: readonly string[] = []
  if (!wanted.offline) {
    const old = new Remote('the old host', source, options)
    oldDomains = await lookAtOldHost(old, did, described, say)
  }
  const handle =
    wanted.handle?.toLowerCase() ?? handleAt(oldHandle, oldDomains, described.availableUserDomains)
  await lookAtHandle(handle, did, described, here, say)
  if (described.inviteCodeRequired) {
    say('note', 'The new host takes nobody without an invite code; its operator needs none')
  }
  if (did.startsWith('did:plc:')) await lookAtKeys(did, network, say)
  else if (wanted.offline) say('stop', 'Only a did:plc can move without its old host')
  else say('note', `A did:web changes by a document that you publish; the move waits for that`)
  return {
    findings,
    blobLimit: described.blobUploadLimit,
    state: {
      version: 1,
      account: wanted.account,
      offline: wanted.offline,
      did,
      source,
      target,
      targetDid: described.did,
      oldHandle,
      ...(identity.signingKey && { oldSigningKey: identity.signingKey }),
      handle,
      ...(wanted.email && { email: wanted.email }),
      steps: {},
      lostBlobs: {},
      tokens: {},
    },
  }
}

type Say = (level: Finding['level'], text: string) => void

/** @returns the domains that its handles have */
async function lookAtOldHost(
  old: Remote,
  did: string,
  here: HostDescription,
  say: Say,
): Promise<readonly string[]> {
  const described = await old.get<HostDescription>(DESCRIBE)
  if (described.did === here.did) {
    say('stop', 'That is the host where the account lives already: name another with --host')
  }
  // Every implementation that is known answers this, and it is no part of the protocol.
  const health = await old.ask<{ version?: unknown }>('_health', {}).catch(() => undefined)
  if (typeof health?.version === 'string') {
    say('ok', `The old host says that it runs version ${shown(health.version.slice(0, 60))}`)
  }
  try {
    const status = await old.get<{ active: boolean; status?: string }>(
      'com.atproto.sync.getRepoStatus',
      { did },
    )
    if (!status.active) {
      say(
        'note',
        `The old host says that the account is ${shown(String(status.status ?? 'not active'))}`,
      )
    }
  } catch (error) {
    if (!(error instanceof RemoteError) || error.isPassing) throw error
    say('stop', `The old host does not have the account: ${error.message}`)
  }
  return Array.isArray(described.availableUserDomains) ? described.availableUserDomains : []
}

/** Names blobs that the new host would not take, by what the records say of them. */
export function tooLarge(blobs: ReadonlyMap<string, BlobUse>, limit: number | undefined): string[] {
  if (limit === undefined) return []
  const large = [...blobs].filter(([, { size }]) => size > limit)
  return large.map(
    ([cid, { size, path }]) =>
      `Blob ${cid} of ${path} has ${size} bytes, and the new host takes ${limit} (at a Cumulus: PDS_BLOB_UPLOAD_LIMIT)`,
  )
}

async function lookAtHandle(
  handle: string,
  did: string,
  { availableUserDomains }: HostDescription,
  here: Remote,
  say: Say,
): Promise<void> {
  if (!isValidHandle(handle)) {
    say('stop', `"${handle}" is no handle: choose one with --new-handle`)
    return
  }
  const domain = availableUserDomains.find((one) => handle.endsWith(one))
  const label = domain === undefined ? '' : handle.slice(0, -domain.length)
  if (domain !== undefined && (label.includes('.') || label.length < 3 || label.length > 18)) {
    say(
      'stop',
      `${handle}: before ${domain} there are 3 to 18 characters and no dot. Choose another with --new-handle`,
    )
    return
  }
  try {
    const found = await here.get<{ did: string }>('com.atproto.identity.resolveHandle', { handle })
    if (found.did === did) say('ok', `The handle will be ${handle}, which leads to the account`)
    else say('stop', `${handle} is somebody else's: choose another with --new-handle`)
  } catch (error) {
    if (!(error instanceof RemoteError) || error.isPassing) throw error
    if (domain !== undefined) say('ok', `The handle will be ${handle}`)
    else {
      say(
        'stop',
        `${handle} leads to no account, as the new host sees it: set _atproto.${handle} in DNS to did=${did}, or choose another with --new-handle`,
      )
    }
  }
}

async function lookAtKeys(did: string, network: ResolutionSettings, say: Say): Promise<void> {
  const { rotationKeys } = await plcOf(network).documentData(did)
  const count = rotationKeys.length
  say(
    'note',
    `The identity has ${count} rotation key${count === 1 ? '' : 's'}: those of the old host go, any of your own stay`,
  )
}
