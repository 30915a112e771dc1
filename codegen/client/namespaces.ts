/** Which lexicons a namespace means. */
import { didYouMean } from '../did-you-mean.ts'
import { UsageError } from '../errors.ts'
import { readRecord } from '../import-record.ts'
import type { Lexicon } from '../load.ts'

/** `com.example, app.bsky.feed.*` → `com.example`, `app.bsky.feed` */
export const parseNamespaces = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim().replace(/\.\*$/, ''))
    .filter((name) => name !== '')

/**
 * The lexicons of namespaces. @throws UsageError for a namespace that has none
 */
export function lexiconsOf(
  namespaces: readonly string[],
  lexicons: readonly Lexicon[],
): readonly Lexicon[] {
  for (const namespace of namespaces) {
    if (lexicons.some(({ nsid }) => isWithin(nsid, namespace))) continue
    throw new UsageError(
      `no lexicon is of the namespace "${namespace}"${didYouMean(namespace, allNamespaces(lexicons))}`,
    )
  }
  return lexicons.filter(({ nsid }) => namespaces.some((name) => isWithin(nsid, name)))
}

/** The shortest namespaces that hold all lexicons of one's own, and no official one. */
export function ownNamespaces(root: string, lexicons: readonly Lexicon[]): string[] {
  const imported = new Set(Object.keys(readRecord(root).lexicons))
  const isOwn = ({ nsid, isBase }: Lexicon) => !isBase && !imported.has(nsid)
  const own = lexicons.filter(isOwn)
  const others = lexicons.filter((lexicon) => !isOwn(lexicon))
  const found = new Set<string>()
  for (const { nsid } of own) {
    const parts = nsid.split('.')
    const lengths = parts.slice(2).map((_, index) => index + 2)
    const length = lengths.find((count) => {
      const name = parts.slice(0, count).join('.')
      return !others.some((other) => isWithin(other.nsid, name))
    })
    found.add(length === undefined ? nsid : parts.slice(0, length).join('.'))
  }
  return [...found]
}

const isWithin = (nsid: string, namespace: string): boolean =>
  nsid === namespace || nsid.startsWith(`${namespace}.`)

const allNamespaces = (lexicons: readonly Lexicon[]): string[] => [
  ...new Set(
    lexicons.flatMap(({ nsid }) => {
      const parts = nsid.split('.')
      return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'))
    }),
  ),
]
