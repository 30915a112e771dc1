/** Tells owners what has happened to their accounts, after the answer to the request that did it. */

import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import type { MailDependencies } from './dependencies.ts'
import { appPlace, turnOffUrl } from './marks.ts'
import { composeNoticeMail, mayBeTurnedOff, type Notice } from './notice-mail.ts'
import { stringsFor } from './readers.ts'

/** Notices of one kind to one account, so that whoever changes things all the time fills no mailbox. */
const NOTICES = { limit: 10, window: 60 * 60 * 1000 }

/** After so many ms nobody is helped any more by a notice that could not be sent. */
export const NOTICE_LIFETIME = 3 * 24 * 60 * 60 * 1000

/** An app at a place is known for a year after it was first seen there. */
const SEEN_PLACE = { limit: 1, window: 365 * 24 * 60 * 60 * 1000 }

/** New places of one account that its owner is told of in a day: a script may sign in from another one each time. */
const NEW_PLACES = { limit: 5, window: 24 * 60 * 60 * 1000 }

/**
 * Queues a notice, unless there is nobody to tell: no address, no way for mails, more notices of this kind than somebody
 * reads, one that its owner has turned off.
 *
 * @param address instead of the account's
 */
export async function sendNotice(
  dependencies: MailDependencies,
  did: string,
  notice: Notice,
  address?: string,
): Promise<void> {
  const { config, objects, sends } = dependencies
  if (!sends) return
  const at = Date.now()
  const account = await objects.directory.mails.addressee(did)
  const to = address ?? account?.email
  if (!account || !to) return
  const isOptional = mayBeTurnedOff(notice)
  if (isOptional && !account.signInMails) return
  const key = `notices: ${notice.kind}`
  const status = await objects.account(did).rateLimits.consume([{ ...NOTICES, key, points: 1 }])
  if (status?.exceeded) return
  const mail = composeNoticeMail(notice, {
    config,
    strings: await stringsFor(dependencies, account.language),
    handle: account.handle,
    from: config.mailFrom,
    to,
    at,
    ...(isOptional && { turnOffUrl: turnOffUrl(config, did) }),
  })
  await objects.directory.mails.add(mail, notice.kind, NOTICE_LIFETIME, { did })
}

/**
 * After a sign-in by an app with the main password: tells the owner, if app or place were not seen before. Apps have no
 * cookie; so what is remembered is their name and network, as a keyed hash, in a row of the account's rate limits.
 *
 * @param options.isNew false: the account was just made, so that nobody is told
 */
export async function welcomeApp(
  dependencies: MailDependencies,
  did: string,
  { isNew }: { isNew: boolean },
): Promise<void> {
  const { network, userAgent } = dependencies.client()
  const { rateLimits } = dependencies.objects.account(did)
  // Under a secret that is being replaced, it is remembered as well.
  for (const secret of jwtSecrets(dependencies.config)) {
    const place = appPlace(secret, did, network, userAgent)
    const seen = { ...SEEN_PLACE, key: `app at ${place}`, points: 1 }
    if ((await rateLimits.consume([seen]))?.exceeded) return
  }
  if (!isNew) return
  const others = { ...NEW_PLACES, key: 'apps at new places', points: 1 }
  if ((await rateLimits.consume([others]))?.exceeded) return
  await sendNotice(dependencies, did, { kind: 'app sign-in', userAgent })
}
