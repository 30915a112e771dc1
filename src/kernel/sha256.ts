/** SHA-256 of short pieces of memory, of which a commit has hundreds and an import tens of thousands. */
import { createHash, hash } from 'node:crypto'

/** What is behind a hash of `node:crypto` in workerd. */
interface Handle {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

/** The platform asks for the length, also where it is none. */
type MakeHandle = new (algorithm: 'sha256', length: undefined) => Handle

/**
 * In workerd `node:crypto` makes a stream of each hash and copies each digest by way of an iterator, which together takes several
 * times as long as to hash a record. What does the work is a property of that stream. That is nobody's promise, so it is used where
 * the runtime is the one that this was tested with: on plain workerd, which comes with the packages. Cloudflare's changes by itself.
 */
const Native = process.env.PINNED_RUNTIME === undefined ? undefined : findHandle()

/** Whether it was found; otherwise the digests are the same, and slower. */
export const isDirect = Native !== undefined

/** The digest; computed natively and synchronously. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (!Native) return hash('sha256', bytes, 'buffer')
  const handle = new Native('sha256', undefined)
  handle.update(bytes)
  return handle.digest()
}

/** undefined where there is none that does what it should. */
function findHandle(): MakeHandle | undefined {
  try {
    const probe: object = createHash('sha256')
    for (const key of Object.getOwnPropertySymbols(probe)) {
      const handle: unknown = Reflect.get(probe, key)
      if (!isHandle(handle)) continue
      const Made = handle.constructor as MakeHandle
      const made = new Made('sha256', undefined)
      // A part of a buffer: what was hashed is neither more of it nor less.
      const part = Uint8Array.from({ length: 64 }, (_, n) => n).subarray(3, 40)
      made.update(part)
      if (hash('sha256', part, 'hex') === Buffer.from(made.digest()).toString('hex')) return Made
    }
  } catch {
    // Another version of the platform.
  }
  return undefined
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'update' in value && 'digest' in value
}
