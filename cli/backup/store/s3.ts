import { openAsBlob } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { AwsClient } from 'aws4fetch'
import { assertName, type ByteSource, type KeptFile } from '../../../src/services/backup/store.ts'
import { CommandError } from '../../terminal/errors.ts'
import { reasonOf } from '../../terminal/reason.ts'
import { LocalFile, type LocalStore } from './local-file.ts'

/** Bytes that S3 takes in one request. */
const MAX_SIZE = 5 * 1024 ** 3

export interface S3Options {
  /** Such as https://s3.eu-central-1.amazonaws.com, or that of another provider. */
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

/** A backup in a bucket: Amazon's S3, Cloudflare R2, MinIO and others. */
export class S3Store implements LocalStore {
  readonly name: string
  readonly temporary: string
  readonly #client: AwsClient
  readonly #bucket: string
  /** With a slash behind it, or empty. */
  readonly #prefix: string

  private constructor(
    url: { bucket: string; prefix: string },
    options: S3Options,
    temporary: string,
  ) {
    const { bucket, prefix } = url
    this.name = `s3://${bucket}/${prefix}`
    this.temporary = temporary
    this.#bucket = `${options.endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}/`
    this.#prefix = prefix === '' ? '' : `${prefix}/`
    this.#client = new AwsClient({ ...options, service: 's3' })
  }

  /** @param url such as `s3://bucket/folder` @throws CommandError */
  static async open(url: string, options: S3Options): Promise<S3Store> {
    const [, bucket = '', rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/.exec(url) ?? []
    const prefix = rest.replace(/\/+$/, '')
    if (!bucket || (prefix !== '' && !isName(prefix))) {
      throw new CommandError(`${url} is no place in a bucket: it is written s3://bucket/folder`)
    }
    const temporary = await mkdtemp(join(tmpdir(), 'cumulus-backup-'))
    return new S3Store({ bucket, prefix }, options, temporary)
  }

  async list(folder: string): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    const prefix = `${this.#prefix}${assertName(folder)}/`
    let token: string | undefined
    do {
      const url = new URL(this.#bucket)
      url.searchParams.set('list-type', '2')
      url.searchParams.set('prefix', prefix)
      if (token) url.searchParams.set('continuation-token', token)
      const xml = await (await this.#ask(url.href)).text()
      for (const [, entry = ''] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = textOf(entry, 'Key') ?? ''
        if (!key.startsWith(prefix)) continue
        found.set(key.slice(this.#prefix.length), Number(textOf(entry, 'Size')))
      }
      token = textOf(xml, 'NextContinuationToken')
    } while (token)
    return found
  }

  async read(name: string): Promise<Readable | undefined> {
    const response = await this.#ask(this.#urlOf(name), {}, [404])
    if (response.status === 404 || !response.body) {
      await response.body?.cancel()
      return undefined
    }
    return Readable.fromWeb(response.body as ReadableStream)
  }

  keep(source: ByteSource): Promise<KeptFile> {
    return LocalFile.keep(this.temporary, source)
  }

  async write(name: string, kept: KeptFile): Promise<void> {
    const file = LocalFile.of(kept)
    if (file.size > MAX_SIZE) {
      throw new CommandError(
        `${name} has ${file.size} bytes, and S3 takes 5 GiB at once: back up to a folder.`,
      )
    }
    // S3 refuses bytes that are not those of this hash.
    const headers = { 'x-amz-content-sha256': file.sha256 }
    await this.#ask(this.#urlOf(name), {
      method: 'PUT',
      headers,
      body: await openAsBlob(file.path),
    })
    await rm(file.path)
  }

  async remove(...names: string[]): Promise<number> {
    for (const name of names) await this.#ask(this.#urlOf(name), { method: 'DELETE' }, [404])
    return names.length
  }

  async close(): Promise<void> {
    await rm(this.temporary, { recursive: true, force: true })
  }

  #urlOf(name: string): string {
    return `${this.#bucket}${this.#prefix}${assertName(name)}`
  }

  /** @throws CommandError */
  async #ask(url: string, init: RequestInit = {}, also: number[] = []): Promise<Response> {
    let response: Response
    try {
      response = await this.#client.fetch(url, init)
    } catch (error) {
      throw new CommandError(`${this.name} cannot be reached: ${reasonOf(error)}`)
    }
    if (response.ok || also.includes(response.status)) return response
    const text = await response.text()
    const said = [textOf(text, 'Code'), textOf(text, 'Message')].filter(Boolean).join(': ')
    throw new CommandError(
      `${this.name} answered with status ${response.status}${said ? ` (${said.slice(0, 300)})` : ''}: check the ` +
        'bucket, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL.',
    )
  }
}

function isName(name: string): boolean {
  try {
    return assertName(name) === name
  } catch {
    return false
  }
}

const textOf = (xml: string, tag: string): string | undefined =>
  new RegExp(`<${tag}>([^<]*)</${tag}>`)
    .exec(xml)?.[1]
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
