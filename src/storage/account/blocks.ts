import type { Cid } from '@atproto/lex-data'
import { type BlockMap, BlockMap as Blocks, ReadableBlockstore } from '@atproto/repo'

/** MST nodes of one repository, as `@atproto/repo`'s tree reads them. One row per block. */
export class NodeStore extends ReadableBlockstore {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    super()
    this.#sql = sql
  }

  async getBytes(cid: Cid): Promise<Uint8Array | null> {
    const row = this.#sql
      .exec<{ block: ArrayBuffer }>('SELECT block FROM node WHERE cid = ?', cid.toString())
      .toArray()[0]
    return row ? new Uint8Array(row.block) : null
  }

  async has(cid: Cid): Promise<boolean> {
    return (await this.getBytes(cid)) !== null
  }

  async getBlocks(cids: Cid[]): Promise<{ blocks: BlockMap; missing: Cid[] }> {
    const blocks = new Blocks()
    const missing: Cid[] = []
    for (const cid of cids) {
      const bytes = await this.getBytes(cid)
      if (bytes) blocks.set(cid, bytes)
      else missing.push(cid)
    }
    return { blocks, missing }
  }
}
