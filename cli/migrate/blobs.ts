/** Blobs: each fetched into a file, verified by its CID, uploaded, and looked for again at the end. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, openAsBlob, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cidForRawHash } from '@atproto/lex-data'
import { type BlobUse, saveStream, TooLargeError } from './car-file.ts'
import { MoveError, RemoteError } from './errors.ts'
import { type Move, many, type Step } from './move.ts'
import { isCid, PAGE, pagesOf } from './pages.ts'
import { DESCRIBE, type HostDescription } from './preflight.ts'

/** How often it is looked for blobs that are missing still. */
const ROUNDS = 3
/** How often bytes are fetched that are others than their CID says. */
const TRIES_OF_WRONG_BYTES = 3

interface MissingBlob {
  cid: string
  recordUri: string
}

/** Where bytes of blobs come from. */
export interface BlobSource {
  /** Puts them into a file. @throws BlobLost */
  fetch(cid: string, path: string): Promise<{ type: string }>
}

/** Bytes of a blob, where the new host does not say what it takes. */
const MOST_OF_BLOB = 1024 ** 3

/** A blob cannot be had; the message says why. */
export class BlobLost extends Error {
  override name = 'BlobLost'
}

export const copyBlobs = (source: (move: Move) => BlobSource | Promise<BlobSource>): Step => ({
  name: 'blobs',
  title: 'Copying the blobs',
  async run(move) {
    const { state, folder, report } = move
    mkdirSync(folder.file('blobs'), { recursive: true, mode: 0o700 })
    // A blob that was lost may have come back since.
    state.lostBlobs = {}
    const copier = new Copier(move, await source(move))
    for (let round = 1; round <= ROUNDS; round++) {
      if ((await copier.round()) === 0) break
    }
    await copier.nameWhatIsLeft()
    rmSync(folder.file('blobs'), { recursive: true, force: true })
    report.note(`${many(copier.copied, 'blob')} copied, ${copier.bytes} bytes`)
    await decideOnLost(move)
  },
})

/** Asks whether the move goes on without blobs that cannot be had. @throws MoveError */
async function decideOnLost({ state, options, answers, save }: Move): Promise<void> {
  const lost = Object.entries(state.lostBlobs)
  save()
  if (lost.length === 0 || options.allowMissingBlobs) return
  const named = lost
    .slice(0, 20)
    .map(([cid, { path, reason }]) => `  ${cid} (in ${path}): ${reason}`)
  const more = lost.length > 20 ? [`  and ${lost.length - 20} more`] : []
  const list = [`${many(lost.length, 'blob')} cannot be copied:`, ...named, ...more].join('\n')
  if (await answers.goOnWithout(`${list}\nMove without them?`, '--allow-missing-blobs')) return
  throw new MoveError(
    `${list}\nNothing was switched. Run the same command again to try them again, or with --allow-missing-blobs to move without them.`,
  )
}

class Copier {
  copied = 0
  bytes = 0
  readonly #move: Move
  readonly #source: BlobSource
  /** Uploaded in this run: not to be fetched again if the host still misses them. */
  readonly #uploaded = new Set<string>()

  constructor(move: Move, source: BlobSource) {
    this.#move = move
    this.#source = source
  }

  /** Copies all that are missing now. @returns how many there were to copy */
  async round(): Promise<number> {
    let found = 0
    for await (const page of this.#missing()) {
      const wanted = page.filter(
        ({ cid }) => !(cid in this.#move.state.lostBlobs || this.#uploaded.has(cid)),
      )
      found += wanted.length
      await inParallel(wanted, this.#move.options.parallel, (blob) => this.#copy(blob))
    }
    return found
  }

  /** What was uploaded, and is missing all the same. */
  async nameWhatIsLeft(): Promise<void> {
    for await (const page of this.#missing()) {
      for (const { cid, recordUri } of page) {
        if (cid in this.#move.state.lostBlobs) continue
        this.#lose(cid, recordUri, 'the new host took it, and does not have it')
      }
    }
  }

  async *#missing(): AsyncGenerator<MissingBlob[]> {
    const { hereSession, here } = this.#move
    const method = 'com.atproto.repo.listMissingBlobs'
    const ask = (cursor: string | undefined) =>
      hereSession.get<{ blobs: MissingBlob[]; cursor?: string }>(method, { limit: PAGE, cursor })
    for await (const blobs of pagesOf(here.name, ask, (page) => page.blobs)) {
      for (const blob of blobs) {
        if (isCid(blob?.cid) && typeof blob.recordUri === 'string') continue
        throw new MoveError('The new host misses a blob whose name is none')
      }
      yield blobs
    }
  }

  async #copy({ cid, recordUri }: MissingBlob): Promise<void> {
    const { folder, report, state } = this.#move
    const path = join(folder.file('blobs'), cid)
    try {
      const { type } = await this.#source.fetch(cid, path)
      const { size } = statSync(path)
      await uploadFile(this.#move, cid, path, type, size)
      this.#uploaded.add(cid)
      this.copied++
      this.bytes += size
      const total = state.repository?.blobs
      report.progress({ done: this.copied, total, unit: 'blobs', bytes: this.bytes })
    } catch (error) {
      if (!(error instanceof BlobLost)) throw error
      this.#lose(cid, recordUri, error.message)
    } finally {
      rmSync(path, { force: true })
    }
  }

  #lose(cid: string, recordUri: string, reason: string): void {
    const path = recordUri.split('/').slice(3).join('/')
    this.#move.state.lostBlobs[cid] = { path, reason }
  }
}

/** Uploads a file as a blob. @throws BlobLost when the host does not take it as it is */
export async function uploadFile(
  { here, hereSession }: Move,
  cid: string,
  path: string,
  type: string,
  size: number,
): Promise<void> {
  const answer = await here
    .again(async () => {
      const file = await openAsBlob(path)
      return hereSession.ask<{ blob: { ref: { $link: string } } }>('com.atproto.repo.uploadBlob', {
        stream: { bytes: file.stream(), type, size },
      })
    })
    .catch((error: unknown) => {
      const isTooLarge = error instanceof RemoteError && error.status === 413
      if (isTooLarge) throw new BlobLost(`it is too large for the new host (${size} bytes)`)
      throw error
    })
  const stored = answer.blob.ref.$link
  if (stored !== cid) throw new BlobLost(`the new host has changed its bytes: they are ${stored}`)
}

/** From the host that the account leaves. */
export class OldHostBlobs implements BlobSource {
  readonly #move: Move
  #description: Promise<HostDescription> | undefined

  constructor(move: Move) {
    this.#move = move
  }

  async fetch(cid: string, path: string): Promise<{ type: string }> {
    const { old, oldSession, state } = this.#move
    const params = { did: state.did, cid }
    const { blobUploadLimit: most = MOST_OF_BLOB } = await this.#described()
    for (let attempt = 1; ; attempt++) {
      const type = await old
        .again(async () => {
          const { bytes, headers } = await oldSession.open('com.atproto.sync.getBlob', { params })
          await saveStream(bytes, path, { most })
          return headers.get('content-type') ?? 'application/octet-stream'
        })
        .catch((error: unknown) => {
          if (error instanceof TooLargeError) {
            throw new BlobLost(`it has more bytes than the new host takes (${most})`)
          }
          if (error instanceof RemoteError && (error.status === undefined || error.isPassing)) {
            throw new BlobLost(`the old host does not give it: ${error.message}`)
          }
          if (error instanceof RemoteError) throw new BlobLost('the old host does not have it')
          throw error
        })
      const found = await cidOfFile(path)
      if (found === cid) return { type }
      if (attempt === TRIES_OF_WRONG_BYTES) {
        throw new BlobLost(`the old host gives other bytes for it (${found})`)
      }
    }
  }

  /** Asked once for all blobs. */
  #described(): Promise<HostDescription> {
    this.#description ??= this.#move.here.get<HostDescription>(DESCRIBE)
    return this.#description
  }
}

/** From a folder, where each has its CID as its name. */
export class FolderBlobs implements BlobSource {
  readonly #folder: string
  readonly #files: ReadonlyMap<string, string>
  readonly #uses: ReadonlyMap<string, BlobUse>

  /** @param files path by CID; @param uses what the records say of them */
  constructor(
    folder: string,
    files: ReadonlyMap<string, string>,
    uses: ReadonlyMap<string, BlobUse>,
  ) {
    this.#uses = uses
    this.#folder = folder
    this.#files = files
  }

  async fetch(cid: string, path: string): Promise<{ type: string }> {
    const file = this.#files.get(cid)
    if (file === undefined || !existsSync(file)) {
      throw new BlobLost(`it is not in ${this.#folder}`)
    }
    await saveStream(createReadStream(file), path, { most: Number.POSITIVE_INFINITY })
    const found = await cidOfFile(path)
    if (found !== cid) throw new BlobLost(`${file} holds other bytes (${found})`)
    return { type: this.#uses.get(cid)?.mimeType ?? 'application/octet-stream' }
  }
}

export async function cidOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  return cidForRawHash(hash.digest()).toString()
}

/** Works on several at once; after a failure nothing more is begun, and what is under way is waited for. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items]
  let failure: { error: unknown } | undefined
  const worker = async () => {
    for (let item = left.shift(); item !== undefined && !failure; item = left.shift()) {
      try {
        await work(item)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  if (failure) throw failure.error
}
