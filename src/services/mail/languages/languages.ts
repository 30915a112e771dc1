/** The languages that mails are written in, and which of them somebody reads. */

import type { Language } from '../../../kernel/config/mail-settings.ts'
import type { Strings } from './en.ts'

/** Each is loaded when the first mail is written in it. */
const languages: Readonly<Record<Language, () => Promise<Strings>>> = {
  en: async () => (await import('./en.ts')).en,
  de: async () => (await import('./de.ts')).de,
  pt: async () => (await import('./pt.ts')).pt,
  ja: async () => (await import('./ja.ts')).ja,
  es: async () => (await import('./es.ts')).es,
  fr: async () => (await import('./fr.ts')).fr,
}

export const stringsOf = (language: Language): Promise<Strings> => languages[language]()

/** Of a header that a stranger sends, so much is read. */
const MAX_HEADER = 500
const MAX_RANGES = 20

/**
 * The language that is wanted most, of those that there are.
 *
 * @param header `Accept-Language` (RFC 9110, 12.5.4), or tags with blanks in between (`ui_locales`)
 * @returns undefined: none of them
 */
export function wantedLanguage(header: string | null | undefined): Language | undefined {
  const ranges = (header ?? '')
    .slice(0, MAX_HEADER)
    .split(/[,\s]+(?!;)(?=[a-z*])/i)
    .slice(0, MAX_RANGES)
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
      const [, q] = /^q=([01](?:\.\d{0,3})?)$/.exec(parameters[0] ?? 'q=1') ?? []
      return { language: tag.split(/[-_]/)[0] ?? '', weight: Number(q ?? 0) }
    })
    .filter(({ language, weight }) => isLanguage(language) && weight > 0)
    .sort((a, b) => b.weight - a.weight)
  return ranges[0]?.language as Language | undefined
}

export const isLanguage = (tag: string): tag is Language => Object.hasOwn(languages, tag)

/** Puts in what the names in braces stand for, each once: what is put in stays as it is. */
export const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : whole,
  )

/** A time in words of a language, in UTC: nobody knows where the reader is. @param time ms since the epoch */
export const timeIn = ({ tag }: Strings, time: number): string =>
  new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(time)
