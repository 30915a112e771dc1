import type { BackupRpc } from '../../contracts/backup.ts'
import { accountPlan } from '../../storage/account/backup-plan.ts'
import type { BlobIndex } from '../../storage/account/blobs.ts'
import type { Repo } from '../../storage/account/repo.ts'
import { migrations } from '../../storage/account/schema.ts'
import { dumpRows, streamOf } from '../../storage/dump.ts'
import type { AccountCore } from './core.ts'
import type { Keys } from './keys.ts'

/** What a backup has of an account besides its repository and the bytes of its blobs. */
export class Backup implements BackupRpc {
  readonly #core: AccountCore
  readonly #repo: Pick<Repo, 'headRow'>
  readonly #blobs: BlobIndex
  readonly #keys: Pick<Keys, 'current'>

  constructor(
    core: AccountCore,
    repo: Pick<Repo, 'headRow'>,
    blobs: BlobIndex,
    keys: Pick<Keys, 'current'>,
  ) {
    this.#core = core
    this.#repo = repo
    this.#blobs = blobs
    this.#keys = keys
  }

  /** One state of the account: all rows are read in one turn. */
  async dump(): Promise<ReadableStream<Uint8Array>> {
    const { storage, profile } = this.#core
    const { did } = profile.get()
    const signingKey = (await this.#keys.current()).did()
    const { expected, present } = this.#blobs.counts()
    const facts = { did, signingKey, missingBlobs: expected - present }
    // Nothing is written: a host whose disk is full can be backed up.
    const head = this.#repo.headRow()
    return streamOf(
      [...dumpRows(storage, accountPlan, migrations.length, facts, { head })].values(),
    )
  }
}
