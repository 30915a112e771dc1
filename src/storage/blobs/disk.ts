import { type BlobStore, BlobStoreError } from './store.ts'

/** Blobs as files, through workerd's disk service: PUT, GET and DELETE on a folder. */
export class DiskBlobStore implements BlobStore {
  readonly #disk: Fetcher
  constructor(disk: Fetcher) {
    this.#disk = disk
  }

  async put(key: string, body: ReadableStream<Uint8Array>) {
    const response = await this.#disk.fetch(url(key), { method: 'PUT', body })
    await this.#expect(response, key)
  }

  async get(key: string) {
    const response = await this.#disk.fetch(url(key))
    if (response.status === 404) {
      await response.body?.cancel()
      return undefined
    }
    if (!response.ok || !response.body) await this.#expect(response, key)
    return response.body ?? undefined
  }

  async delete(key: string) {
    const response = await this.#disk.fetch(url(key), { method: 'DELETE' })
    if (response.status !== 404) await this.#expect(response, key)
  }

  async #expect(response: Response, key: string) {
    const text = await response.text()
    if (!response.ok)
      throw new BlobStoreError(`disk answered ${response.status} for ${key}: ${text}`)
  }
}

/** The host part means nothing to the disk service. Keys are made of URL-safe characters. */
const url = (key: string): string => `http://disk/${key}`
