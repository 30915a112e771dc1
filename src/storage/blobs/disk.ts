import { type BlobBody, type BlobStore, BlobStoreError, type ByteRange } from './store.ts'

/** ms for a file to be synced. */
const SYNC_TIMEOUT = 60_000

/** Blobs as files, through workerd's disk service: PUT, GET and DELETE on a folder. */
export class DiskBlobStore implements BlobStore {
  readonly #disk: Fetcher
  readonly #host: Fetcher | undefined

  /** @param host syncs files, which the disk service does not: without it a power cut may take the newest of them */
  constructor(disk: Fetcher, host?: Fetcher) {
    this.#disk = disk
    this.#host = host
  }

  async put(key: string, body: BlobBody, _?: number, meanwhile?: () => Promise<unknown>) {
    const response = await this.#disk.fetch(url(key), { method: 'PUT', body })
    await this.#expect(response, key)
    const syncing = this.#sync(key)
    // It leaves with the next turn: what computes before that would keep it waiting.
    const working = meanwhile && scheduler.wait(0).then(meanwhile)
    working?.catch(() => undefined)
    await syncing
    await working
  }

  async #sync(key: string): Promise<void> {
    if (!this.#host) return
    const response = await this.#host.fetch(`http://disk-space/sync/${key}`, {
      method: 'POST',
      signal: AbortSignal.timeout(SYNC_TIMEOUT),
    })
    await this.#expect(response, key)
  }

  async get(key: string, range?: ByteRange) {
    const headers: HeadersInit = range ? { range: httpRange(range) } : {}
    const response = await this.#disk.fetch(url(key), { headers })
    if (response.status === 404) {
      await response.body?.cancel()
      return undefined
    }
    if (!isExpected(response, range) || !response.body) {
      await response.body?.cancel()
      throw new BlobStoreError(
        `disk answered ${response.status} for ${key}${range ? `, ${httpRange(range)}` : ''}`,
      )
    }
    return response.body
  }

  async delete(key: string) {
    const response = await this.#disk.fetch(url(key), { method: 'DELETE' })
    if (response.status !== 404) await this.#expect(response, key)
  }

  /** The disk service removes a folder with all that is in it. */
  async deleteFolder(folder: string) {
    // Without a name, or with dots alone, it would be all folders, or more.
    if (!/^\w[\w.-]*$/.test(folder))
      throw new BlobStoreError(`no folder of an account: "${folder}"`)
    await this.delete(folder)
  }

  async #expect(response: Response, key: string) {
    if (response.status === 204) return
    const text = await response.text()
    if (!response.ok)
      throw new BlobStoreError(`disk answered ${response.status} for ${key}: ${text}`)
  }
}

/** A range that is the whole file is answered as if there were none. */
function isExpected({ status, headers }: Response, range: ByteRange | undefined): boolean {
  if (!range) return status === 200
  const isWhole = range.offset === 0 && headers.get('content-length') === String(range.length)
  return status === 206 || (status === 200 && isWhole)
}

/** The host part means nothing to the disk service. Keys are made of URL-safe characters. */
const url = (key: string): string => `http://disk/${key}`

const httpRange = ({ offset, length }: ByteRange): string =>
  `bytes=${offset}-${offset + length - 1}`
