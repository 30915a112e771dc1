/** A repository in a CAR file on the disk: verified as a whole, and looked into, without ever being in memory. */

import { once } from 'node:events'
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readSync,
  renameSync,
} from 'node:fs'
import { finished } from 'node:stream/promises'
import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject } from '@atproto/lex-data'
import { type CidBytes, cidString } from '../../src/kernel/cbor/cid.ts'
import { MalformedCborError } from '../../src/kernel/cbor/reader.ts'
import { type FoundBlob, scanRecord } from '../../src/kernel/cbor/scan.ts'
import { readCommit } from '../../src/storage/account/import-commit.ts'
import { CarReader, MalformedCarError } from '../../src/storage/car-reader.ts'
import { StorageError } from '../../src/storage/error.ts'
import { MalformedTreeError } from '../../src/storage/mst/node.ts'
import { TreeWalk } from '../../src/storage/mst/walk.ts'
import { MoveError } from './errors.ts'
import { many } from './move.ts'

export interface BlobUse {
  /** Bytes, as the record says; -1: it does not. */
  size: number
  /** As the record says. */
  mimeType: string
  /** Of the first record that shows it. */
  path: string
}

/** What a file turned out to hold. Everything that its tree names was there, and had the right CID. */
export interface VerifiedCar {
  commit: string
  rev: string
  /** CID of the tree. */
  data: string
  records: number
  bytes: number
  /** By CID. */
  blobs: Map<string, BlobUse>
}

export interface Expected {
  did: string
  /** did:keys, one of which has signed the commit; undefined where it is trusted without. */
  keys: readonly string[] | undefined
  /** Told of each record, with its CID, and its block if that is there. */
  onRecord?(path: string, cid: string, block: Uint8Array | undefined): void
}

/** Bytes of a repository that anybody has; a host that sends more would fill the disk. */
export const MOST_OF_REPOSITORY = 16 * 1024 ** 3

/** More arrives than there should be. */
export class TooLargeError extends Error {
  override name = 'TooLargeError'
}

export interface SaveOptions {
  /** Bytes that are taken at most. */
  most: number
  /** Told how many bytes have arrived. */
  onBytes?(count: number): void
}

/** Writes what arrives into a file, which is there under its name only once it is complete. */
export async function saveStream(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
  { most, onBytes }: SaveOptions,
): Promise<void> {
  const part = `${path}.part`
  const file = createWriteStream(part, { mode: 0o600, flush: true })
  const closed = finished(file)
  closed.catch(() => undefined)
  try {
    let count = 0
    for await (const piece of bytes) {
      count += piece.byteLength
      if (count > most) throw new TooLargeError(`It has more than ${most} bytes`)
      if (!file.write(piece)) await Promise.race([once(file, 'drain'), closed])
      onBytes?.(count)
    }
    file.end()
    await closed
  } catch (error) {
    file.destroy()
    throw error
  }
  renameSync(part, path)
}

/**
 * Verifies a repository: each block against its CID, the signature, the tree, and that nothing is missing.
 *
 * @param who whose file it is, for messages
 * @throws MoveError that names what is wrong
 */
export async function verifyCar(
  path: string,
  who: string,
  expected: Expected,
): Promise<VerifiedCar> {
  try {
    return await verify(path, who, expected)
  } catch (error) {
    if (error instanceof MalformedCarError || error instanceof MalformedTreeError) {
      throw new MoveError(`The repository of ${who} is damaged: ${error.message}`)
    }
    if (error instanceof StorageError) {
      throw new MoveError(`The repository of ${who} cannot be used: ${error.message}`)
    }
    throw error
  }
}

async function verify(path: string, who: string, { did, keys, onRecord }: Expected) {
  const { index, root, bytes } = await indexOf(path)
  const file = openSync(path, 'r')
  try {
    const read = (cid: CidBytes): Uint8Array | undefined => {
      const place = index.get(keyOf(cid))
      if (!place) return undefined
      const block = Buffer.alloc(place.length)
      readSync(file, block, 0, place.length, place.offset)
      return block
    }
    const commit = read(root)
    if (!commit) throw new MoveError(`The repository of ${who} lacks its commit`)
    const { data, rev } = keys ? await readCommit(commit, did, keys) : readUnverified(commit, did)
    const missing: string[] = []
    const blobs = new Map<string, BlobUse>()
    let records = 0
    const walk = new TreeWalk(data, () => undefined)
    for (let next = walk.next; next; next = walk.next) {
      const block = read(next.cid)
      if (next.key === undefined) {
        if (!block) {
          throw new MoveError(
            `The repository of ${who} lacks a part of its tree (${cidString(next.cid)}) after ${many(records, 'record')}`,
          )
        }
        walk.enter(block)
        continue
      }
      records++
      if (block) collectBlobs(block, next.key, blobs)
      else missing.push(`${next.key} (${cidString(next.cid)})`)
      onRecord?.(next.key, cidString(next.cid), block)
      walk.pass()
    }
    if (missing.length > 0) {
      const more = missing.length > 10 ? ` and ${missing.length - 10} more` : ''
      throw new MoveError(
        `The repository of ${who} lacks ${many(missing.length, 'record')} that its tree names: ${missing.slice(0, 10).join(', ')}${more}`,
      )
    }
    return {
      commit: cidString(root),
      rev: String(rev),
      data: cidString(data),
      records,
      bytes,
      blobs,
    }
  } finally {
    closeSync(file)
  }
}

/** What a commit says, whoever has signed it. */
function readUnverified(block: Uint8Array, did: string): { data: CidBytes; rev: unknown } {
  const commit = decode(block)
  if (!isPlainObject(commit) || !isCid(commit.data) || commit.did !== did) {
    throw new MoveError(`The commit is not one of ${did}`)
  }
  return { data: commit.data.bytes, rev: commit.rev }
}

interface Place {
  offset: number
  length: number
}

/** Where each block is. Verifies their CIDs. */
async function indexOf(path: string) {
  const reader = new CarReader()
  const index = new Map<string, Place>()
  let bytes = 0
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    bytes += (piece as Buffer).byteLength
    for (const { cid, block, offset } of reader.push(piece as Buffer)) {
      index.set(keyOf(cid), { offset, length: block.byteLength })
    }
  }
  reader.end()
  const { root } = reader
  if (!root) throw new MalformedCarError('the CAR file has no header')
  return { index, root, bytes }
}

/** The bytes of a CID in as few bytes of memory as a map's key can have. */
const keyOf = (cid: CidBytes): string => Buffer.from(cid).toString('latin1')

/** Collects the blobs that a record shows (data model specification, Blob Type), as an import finds them. */
function collectBlobs(block: Uint8Array, path: string, found: Map<string, BlobUse>): void {
  let blobs: readonly FoundBlob[]
  try {
    ;({ blobs } = scanRecord(block, { lenient: true }))
  } catch (error) {
    // No record that anybody could read; the host that imports it says so.
    if (error instanceof MalformedCborError) return
    throw error
  }
  for (const { cid, size, mimeType } of blobs) {
    const name = cidString(cid)
    if (!found.has(name)) found.set(name, { size, mimeType, path })
  }
}
