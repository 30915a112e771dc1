/**
 * What a browser keeps of a move, sealed: who moves, and the session at the old host. The host itself stores nothing of it;
 * how far a move is follows from what is here and there.
 */
import { decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'

export interface MoveState {
  did: string
  /** Origin of the old host. */
  source: string
  /** did:key that signed the repository when the move began: of a moved identity the old host's still does. */
  signingKey?: string
  /** Of the session at the old host. */
  access: string
  refresh: string
  /** Where the old host mails its code to, as it says. */
  email?: string
  /** The owner's own rotation key, a did:key, to stand above all others. */
  recoveryKey?: string
  /** When the old host was last asked to mail a code for the identity, in ms since 1970. */
  codeAskedAt?: number
}

const PURPOSE = 'move in'

/** What fits into a cookie, with its name and attributes. */
const MAX_SEALED = 3800

/** @returns text that needs no quoting in a cookie; undefined: it is too long for one */
export async function sealMove(secret: string, state: MoveState): Promise<string | undefined> {
  const sealed = await encrypt(secret, PURPOSE, new TextEncoder().encode(JSON.stringify(state)))
  const text = Buffer.from(sealed).toString('base64url')
  return text.length > MAX_SEALED ? undefined : text
}

/** @returns undefined for what was not sealed here, or with another secret */
export async function openMove(secret: string, sealed: string): Promise<MoveState | undefined> {
  try {
    const plain = await decrypt(secret, PURPOSE, Buffer.from(sealed, 'base64url'))
    return JSON.parse(new TextDecoder().decode(plain)) as MoveState
  } catch {
    return undefined
  }
}
