import { askAsOperator, type OperatorArgs } from './operator.ts'

/** What a host answers of the identity of an account (`/operator/identity`). */
export interface Identity {
  did: string
  handle: string
  /** URL of this host. */
  host: string
  /** did:key here; null: it cannot be read. */
  signingKey: string | null
  document:
    | { error: string }
    | { host: string | null; signingKey: string | null; handle: string | null }
  handleLeadsTo: string | null
  /** did:keys of this host's rotation keys, that in use first. */
  ownKeys: string[]
  /** The operator's, if there is one. */
  recoveryKey: string | null
  /** Undefined: it is no did:plc. */
  plc?: { error: string } | { rotationKeys: string[] }
  plcUrl: string
  problem: string | null
}

/** Asks a host who an account of it is to the network. @throws CommandError */
export async function askIdentity(host: OperatorArgs, account: string): Promise<Identity> {
  return (await askAsOperator(host, '/operator/identity', { account })) as unknown as Identity
}

/** Whose a rotation key is, in words. */
export function ownerOf({ ownKeys, recoveryKey, signingKey }: Identity, key: string): string {
  if (key === ownKeys[0]) return 'this host'
  if (ownKeys.includes(key)) return 'this host, being replaced'
  if (key === recoveryKey) return 'recovery key of the operator'
  return key === signingKey
    ? 'signing key of the account'
    : 'not this host: the owner’s, or another’s'
}

/** What does not fit, with the command that helps. */
export function differences(identity: Identity): string[] {
  const { did, handle, host, document, handleLeadsTo, plc, ownKeys, signingKey } = identity
  const found: string[] = []
  if ('error' in document) found.push(`The DID document cannot be read: ${document.error}`)
  else {
    if (document.host !== host) {
      found.push(`The document names the host ${document.host ?? 'none'}, not this one (${host}).`)
    }
    if (document.signingKey !== signingKey) {
      found.push(
        'The document names another signing key: what is written here is refused by others.',
      )
    }
    if (document.handle !== handle) {
      found.push(
        `The document names the handle ${document.handle ?? 'none'}: npx cumulus identity handle ${did} ${handle}`,
      )
    }
  }
  if (handleLeadsTo !== did) {
    found.push(
      `@${handle} leads to ${handleLeadsTo ?? 'nobody'}: put the TXT record _atproto.${handle} "did=${did}" into its DNS, or ` +
        `serve ${did} at https://${handle}/.well-known/atproto-did`,
    )
  }
  if (plc && 'error' in plc) found.push(`The PLC directory does not answer: ${plc.error}`)
  if (plc && 'rotationKeys' in plc) {
    const place = plc.rotationKeys.findIndex((key) => ownKeys.includes(key))
    if (place < 0)
      found.push('The key of this host is not among the rotation keys: it can change nothing.')
    if (place === 0) {
      found.push(
        'No key stands above that of this host: if the host were lost, nobody could give the identity back. ' +
          `npx cumulus identity recovery-key add ${did} did:key:…`,
      )
    }
  }
  return found
}
