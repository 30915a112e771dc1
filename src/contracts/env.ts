import type { RawSettings } from '../kernel/config/settings.ts'
import type { RpcObject } from './answer.ts'
import type { SequencerRpc } from './sequencer.ts'

/** Cloudflare's e-mail binding, as far as it is used here: it takes an `EmailMessage`. */
export interface EmailBinding {
  send(message: object): Promise<unknown>
}

/** What the platform binds to this Worker: the six kinds of object, a blob store, the settings. */
export interface Env extends RawSettings {
  /** `AccountRpc` */
  ACCOUNTS: DurableObjectNamespace<RpcObject & Rpc.DurableObjectBranded>
  /** `DirectoryRpc` */
  DIRECTORY: DurableObjectNamespace<RpcObject & Rpc.DurableObjectBranded>
  /** `OAuthRpc` */
  OAUTH: DurableObjectNamespace<RpcObject & Rpc.DurableObjectBranded>
  /** `HostIndexRpc` */
  INDEX: DurableObjectNamespace<RpcObject & Rpc.DurableObjectBranded>
  /** `AppRpc` */
  APP: DurableObjectNamespace<RpcObject & Rpc.DurableObjectBranded>
  SEQUENCER: DurableObjectNamespace<SequencerRpc & Rpc.DurableObjectBranded>
  /** Files of the sign-in and account pages. */
  ASSETS: Fetcher
  /** Blob bytes on Cloudflare. */
  BLOBS?: R2Bucket
  /** On Cloudflare, if the Worker is to back itself up: the bucket for it (docs/backup.md). */
  BACKUPS?: R2Bucket
  /** Blob bytes on plain workerd: a writable disk service. */
  BLOB_DISK?: Fetcher
  /**
   * On plain workerd: the network through which services are reached whose address the operator chose, private
   * ones too. Everything else goes through `fetch`, which reaches public addresses only.
   */
  OPERATOR_NETWORK?: Fetcher
  /** On plain workerd: the process that hashes passwords (`src/kernel/crypto/password.ts`). */
  PASSWORD_HASHER?: Fetcher
  /**
   * On plain workerd: answers with the bytes that are free on the disk (`src/services/objects/disk-space.ts`), and syncs
   * files of blobs (`src/storage/blobs/disk.ts`).
   */
  DISK_SPACE?: Fetcher
  /** On plain workerd, if it is to send by SMTP: the process that does (`src/services/mail/transports/smtp-relay.ts`). */
  MAIL_RELAY?: Fetcher
  /** On plain workerd: names in the environment that look like settings and are none, with spaces between them. */
  UNKNOWN_SETTINGS?: string
  /** Whether the version of the runtime is the one that package-lock.json names; read from `process.env`. */
  PINNED_RUNTIME?: string
  /** On plain workerd: when the process before this one was ended because it did not answer, in ms since the epoch; or empty. */
  STUCK_AT?: string
  /** On Cloudflare, if requests are to be counted there (docs/metrics.md): `analytics_engine_datasets` in wrangler.toml. */
  METRICS?: AnalyticsEngineDataset
  /** On Cloudflare, if mails are to leave that way: `send_email` in wrangler.toml. */
  EMAIL?: EmailBinding
}
