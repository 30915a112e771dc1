import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import type { HostObjects } from '../objects/stubs.ts'
import type { MailConfig } from './layout.ts'

export interface MailDependencies {
  readonly config: MailConfig &
    Pick<
      Config,
      'jwtSecret' | 'otherJwtSecret' | 'mailFrom' | 'contactEmail' | 'devMode' | 'defaultLanguage'
    >
  readonly objects: Pick<HostObjects, 'account' | 'directory'>
  /** Whether this host sends mail. */
  readonly sends: boolean
  /** Who asks. */
  client(): MailClient
  /** Whether limits are on. */
  isLimited(): boolean
  /** Keeps the isolate working after the answer was sent. */
  waitUntil(work: Promise<unknown>): void
  readonly log: Pick<Logger, 'error'>
}

/** What the request that is being worked on says of whoever made it. */
export interface MailClient {
  /** `Accept-Language` */
  languages: string | null
  userAgent: string | null
  /** Its network, as clients are counted. */
  network: string
}
