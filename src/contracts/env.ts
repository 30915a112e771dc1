import type { AccountObject } from '../durable/account.ts'
import type { DirectoryObject } from '../durable/directory.ts'
import type { OAuthObject } from '../durable/oauth.ts'
import type { SequencerObject } from '../durable/sequencer.ts'
import type { RawSettings } from '../kernel/config/settings.ts'

/** What the platform binds to this Worker: the four kinds of object, a blob store, the settings. */
export interface Env extends RawSettings {
  ACCOUNTS: DurableObjectNamespace<AccountObject>
  DIRECTORY: DurableObjectNamespace<DirectoryObject>
  SEQUENCER: DurableObjectNamespace<SequencerObject>
  OAUTH: DurableObjectNamespace<OAuthObject>
  /** Files of the sign-in and account pages. */
  ASSETS: Fetcher
  /** Blob bytes on Cloudflare. */
  BLOBS?: R2Bucket
  /** Blob bytes on plain workerd: a writable disk service. */
  BLOB_DISK?: Fetcher
  /**
   * On plain workerd: the way to services whose address the operator chose, private ones too. Everything
   * else goes where `fetch` goes, which is to public addresses only.
   */
  OPERATOR_NETWORK?: Fetcher
}
