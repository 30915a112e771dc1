/** Which language somebody reads: what is remembered of them, what their browser says, or what the host speaks. */
import type { MailDependencies } from './dependencies.ts'
import type { Strings } from './languages/en.ts'
import { isLanguage, stringsOf, wantedLanguage } from './languages/languages.ts'

type Dependencies = Pick<MailDependencies, 'config' | 'objects' | 'client' | 'waitUntil' | 'log'>

/**
 * Somebody has shown what language they read, by what they chose (`locale`) or by what their browser says: it is
 * remembered for mails, while the request goes on.
 *
 * @param known what is remembered, if that was looked up already
 */
export function noteLanguage(
  dependencies: Dependencies,
  did: string,
  locale?: string,
  known?: string | null,
): void {
  const wanted = wantedNow(dependencies, locale)
  if (!wanted || wanted === known) return
  const { waitUntil, log, objects } = dependencies
  waitUntil(
    objects.directory.mails
      .setLanguage(did, wanted)
      .catch((error: unknown) => log.error('remembering a language failed', error)),
  )
}

/**
 * What a mail says, in the language of its reader.
 *
 * @param stored what is remembered
 * @param options.isOwner who asks now is who reads the mail, whatever they read before
 */
export function stringsFor(
  dependencies: Dependencies,
  stored: string | null,
  { locale, isOwner = false }: { locale?: string | undefined; isOwner?: boolean } = {},
): Promise<Strings> {
  const wanted = wantedNow(dependencies, locale)
  const known = stored !== null && isLanguage(stored) ? stored : undefined
  const { defaultLanguage } = dependencies.config
  return stringsOf((isOwner ? (wanted ?? known) : (known ?? wanted)) ?? defaultLanguage)
}

const wantedNow = ({ client }: Dependencies, locale: string | undefined) =>
  wantedLanguage(locale) ?? wantedLanguage(client().languages)
