/** Who moves, and what their identity says: read from the network, and from the PLC directory. */

import { isValidDid, isValidHandle } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { escapeControls } from '../../codegen/escape-controls.ts'
import {
  type DidDocument,
  handleOf,
  pdsOf,
  signingKeyOf,
} from '../../src/services/identity/did-document.ts'
import { IdentityError } from '../../src/services/identity/identity-error.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { handleUri, type PlcState } from '../../src/services/identity/plc-operation.ts'
import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import { movedState } from '../../src/services/move-in/moved-state.ts'
import { didOf, documentOf } from '../lexicons/network.ts'
import { MoveError, RemoteError } from './errors.ts'
import type { Remote } from './remote.ts'

export interface Identity {
  did: string
  /** Origin of the host that the document names. */
  host: string | undefined
  /** did:key that signs the repository. */
  signingKey: string | undefined
  handle: string | undefined
}

/** What an account of a host should say of itself, as the host recommends. */
export interface RecommendedCredentials {
  rotationKeys?: string[]
  alsoKnownAs?: string[]
  verificationMethods?: Record<string, string>
  services?: Record<string, { type: string; endpoint: string }>
}

export const recommendedBy = 'com.atproto.identity.getRecommendedDidCredentials'

/** Passwords and accounts are sent there: by https, or not off this machine. */
export function safeOrigin(address: string): string {
  const url = URL.parse(address.includes('://') ? address : `https://${address}`)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
  if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && isHere))) return url.origin
  throw new MoveError(`"${address}" is no host to send a password to: https://… is`)
}

/** The DID of an account: asked of the old host where it is named, of the network, then of the new host. */
export async function didOfAccount(
  account: string,
  old: Remote | undefined,
  here: Remote,
  network: ResolutionSettings,
): Promise<string> {
  if (isValidDid(account)) return account
  const handle = account.replace(/^@/, '').toLowerCase()
  if (!isValidHandle(handle)) throw new MoveError(`"${account}" is neither a handle nor a DID`)
  const atHost = async (remote: Remote) => {
    const { did } = await remote.get<{ did: string }>('com.atproto.identity.resolveHandle', {
      handle,
    })
    if (!isValidDid(did)) throw new MoveError(`${remote.name} gives no DID for ${handle}`)
    return did
  }
  if (old) return atHost(old)
  try {
    return await didOf(handle, network)
  } catch {
    return atHost(here).catch((error: unknown) => {
      if (!(error instanceof RemoteError)) throw error
      throw new MoveError(
        `There is no account ${handle}, as far as DNS, its web server and ${here.origin} know: name the old host with --from, or the DID instead of the handle.`,
      )
    })
  }
}

/** @throws MoveError */
export async function identityOf(did: string, network: ResolutionSettings): Promise<Identity> {
  const document = await documentAt(did, network)
  return {
    did,
    host: pdsOf(document),
    signingKey: signingKeyOf(document),
    handle: handleOf(document),
  }
}

async function documentAt(did: string, network: ResolutionSettings): Promise<DidDocument> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await documentOf(did, network)
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error
      if (error.kind === 'unreachable' && attempt < 5) {
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt))
        continue
      }
      const where = did.startsWith('did:plc:') ? ` (${network.plcUrl})` : ''
      throw new MoveError(`The DID document of ${did} cannot be read${where}: ${error.message}`)
    }
  }
}

/** The PLC directory; nothing is signed with it. */
export const plcOf = ({ plcUrl, network }: ResolutionSettings): PlcDirectory =>
  new PlcDirectory({ plcUrl, plcRotationKey: '' }, network.operator)

/**
 * What an identity becomes at a host.
 *
 * @param recommended by the new host
 * @param leaving rotation keys of the old host
 * @throws MoveError when there are more rotation keys than a did:plc may have
 */
export function stateAt(
  now: PlcState,
  recommended: RecommendedCredentials,
  leaving: readonly string[],
  { recoveryKey, handle }: { recoveryKey?: string | undefined; handle: string },
): PlcState {
  const { rotationKeys: hostKeys = [], verificationMethods = {}, services = {} } = recommended
  const alias = handleUri(handle)
  try {
    return movedState(now, { leaving, recoveryKey, hostKeys, alias, verificationMethods, services })
  } catch (error) {
    if (error instanceof InvalidRequestError) throw new MoveError(error.message)
    throw error
  }
}

/** Text of a stranger for the terminal. */
export const shown = (text: string): string => escapeControls(text)
