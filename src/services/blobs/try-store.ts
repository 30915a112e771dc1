import { type BlobStore, BlobStoreError } from '../../storage/blobs/store.ts'

/** Bytes that are written. */
const SIZE = 1024

/** No account's: a DID begins otherwise. */
const FOLDER = 'trial'

/**
 * Whether the store gives back what it was given: writes some bytes, reads them and deletes them again.
 *
 * @throws BlobStoreError, or what the store throws
 */
export async function tryStore(store: BlobStore): Promise<void> {
  const key = `${FOLDER}/${crypto.randomUUID()}`
  const bytes = crypto.getRandomValues(new Uint8Array(SIZE))
  const { readable, writable } = new FixedLengthStream(SIZE)
  const writer = writable.getWriter()
  const writing = writer.write(bytes).then(() => writer.close())
  writing.catch(() => undefined)
  await store.put(key, readable, SIZE)
  try {
    await writing
    const stored = await store.get(key)
    if (!stored) throw new BlobStoreError('what was written is not there')
    const read = new Uint8Array(await new Response(stored).arrayBuffer())
    const isSame = read.length === SIZE && read.every((byte, index) => byte === bytes[index])
    if (!isSame) throw new BlobStoreError('what was written is read as something else')
  } finally {
    await store.delete(key)
  }
}
