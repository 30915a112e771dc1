/** Reading the private rotation key of a did:plc, in the forms in which people have it. */
import { base16 } from 'multiformats/bases/base16'
import { base58btc } from 'multiformats/bases/base58'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { MoveError } from './errors.ts'

/** Before the 32 bytes of a private key (multicodec `secp256k1-priv`, `p256-priv`). */
const PREFIXES = { k256: [0x81, 0x26], p256: [0x86, 0x26] } as const

/** `SigningKey.fromBytes` knows P-256 by it. */
const P256_MARK = 2

/**
 * Reads a key as hex, of whichever curve makes it one of `known`, or as a multibase text (`z…`).
 *
 * @param known did:keys of the identity
 * @throws MoveError; the text is in no message
 */
export function readRotationKey(text: string, known: readonly string[]): SigningKey {
  const candidates = keysIn(text.trim())
  const key = candidates.find((candidate) => known.includes(candidate.did()))
  if (key) return key
  const which = candidates.map((candidate) => candidate.did()).join(' or ')
  throw new MoveError(
    which === ''
      ? 'The rotation key is neither 64 hex digits nor a private key in multibase (z…)'
      : `The rotation key (${which}) is none of the identity's: it has ${known.join(', ')}`,
  )
}

function keysIn(text: string): SigningKey[] {
  try {
    if (/^[0-9a-f]{64}$/i.test(text)) {
      const bytes = base16.baseDecode(text.toLowerCase())
      return [SigningKey.fromBytes(bytes), SigningKey.fromBytes(marked(bytes))]
    }
    const bytes = base58btc.decode(text as `z${string}`)
    const starts = ([first, second]: readonly [number, number]) =>
      bytes.byteLength === 34 && bytes[0] === first && bytes[1] === second
    if (starts(PREFIXES.k256)) return [SigningKey.fromBytes(bytes.slice(2))]
    if (starts(PREFIXES.p256)) return [SigningKey.fromBytes(marked(bytes.slice(2)))]
  } catch {
    // Told by the caller, without the text.
  }
  return []
}

const marked = (bytes: Uint8Array): Uint8Array => new Uint8Array([P256_MARK, ...bytes])
