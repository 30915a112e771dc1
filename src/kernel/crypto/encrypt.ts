/** Encrypts small secrets at rest: AES-256-GCM under a key derived from a host secret. */

const IV_LENGTH = 12

/** @returns IV, then ciphertext and tag */
export async function encrypt(
  secret: string,
  purpose: string,
  plain: Uint8Array,
): Promise<Uint8Array> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH))
  const key = await deriveKey(secret, purpose)
  const cipher = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain.slice())
  const sealed = new Uint8Array(IV_LENGTH + cipher.byteLength)
  sealed.set(iv)
  sealed.set(new Uint8Array(cipher), IV_LENGTH)
  return sealed
}

/**
 * @param secret may be several, of which any may be the one
 * @throws DecryptionError when the secret is another one, or the data was changed
 */
export async function decrypt(
  secret: string | readonly string[],
  purpose: string,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  const [first = '', ...others] = typeof secret === 'string' ? [secret] : secret
  try {
    return await decryptWith(first, purpose, sealed)
  } catch (error) {
    if (!(error instanceof DecryptionError) || others.length === 0) throw error
    return decrypt(others, purpose, sealed)
  }
}

async function decryptWith(secret: string, purpose: string, sealed: Uint8Array) {
  const key = await deriveKey(secret, purpose)
  try {
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: sealed.slice(0, IV_LENGTH) },
      key,
      sealed.slice(IV_LENGTH),
    )
    return new Uint8Array(plain)
  } catch (cause) {
    throw new DecryptionError(purpose, cause)
  }
}

/**
 * Encrypts anew under the first of the secrets what was encrypted under any of them.
 *
 * @returns undefined when it is under the first one already
 * @throws DecryptionError
 */
export async function rewrap(
  secrets: readonly string[],
  purpose: string,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  const [first = '', ...others] = secrets
  try {
    await decryptWith(first, purpose, sealed)
    return undefined
  } catch (error) {
    if (!(error instanceof DecryptionError) || others.length === 0) throw error
    return encrypt(first, purpose, await decrypt(others, purpose, sealed))
  }
}

/** A stored secret cannot be read: most likely PDS_KEY_SECRET is not the one it was stored under. */
export class DecryptionError extends Error {
  override name = 'DecryptionError'
  constructor(purpose: string, cause: unknown) {
    super(`cannot decrypt ${purpose}: was PDS_KEY_SECRET changed?`, { cause })
  }
}

async function deriveKey(secret: string, purpose: string): Promise<CryptoKey> {
  const encoder = new TextEncoder()
  const base = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, [
    'deriveKey',
  ])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encoder.encode(purpose) },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}
