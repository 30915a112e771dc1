/** Repositories of any records, as another host would export them. */
import { cidOf } from '../kernel/cbor/cid.ts'
import type { SigningKey } from '../kernel/crypto/signing-key.ts'
import { signCommit } from '../storage/account/commit.ts'
import { type CarBlock, carFile } from '../storage/car.ts'
import { Tree } from '../storage/mst/tree.ts'

export interface RepositoryInput {
  did: string
  key: SigningKey
  /** Blocks by path. */
  records: Readonly<Record<string, Uint8Array>>
  rev?: string
}

/** The blocks of a repository, the commit first. */
export function repositoryBlocks({
  did,
  key,
  records,
  rev = '3l2s5poxi422p',
}: RepositoryInput): [CarBlock, ...CarBlock[]] {
  const tree = new Tree({ root: () => undefined, at: () => undefined, after: () => undefined })
  const blocks = Object.values(records).map((block): CarBlock => [cidOf(block), block])
  for (const [path, block] of Object.entries(records)) tree.set(path, cidOf(block))
  const { root, written } = tree.seal()
  const commit = signCommit(did, key, root, rev)
  const nodes = [...written.values()].map((block): CarBlock => [cidOf(block), block])
  return [[commit.cid, commit.block], ...nodes, ...blocks]
}

/** Its CAR file. */
export function signedRepository(input: RepositoryInput): Uint8Array {
  const blocks = repositoryBlocks(input)
  return carFile(blocks[0][0], blocks)
}
