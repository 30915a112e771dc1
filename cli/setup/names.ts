/** Host names and handle domains: what can be a name of a host, and what its certificate covers. */
import { domainToASCII } from 'node:url'
import { getDomain } from 'tldts'
import { isLoopback } from '../../src/kernel/loopback.ts'

/** A host name, in small letters. @returns what is wrong with it */
export function hostnameProblem(name: string): string | undefined {
  if (isLoopback(name)) return undefined
  if (/[:/]/.test(name)) return 'only the name, without https:// and without a port'
  if (name.endsWith('.')) return 'without the dot at its end'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII
  if (/[^\u0000-\u007f]/.test(name)) {
    const ascii = domainToASCII(name)
    return ascii ? `write it as ${ascii}` : 'not the name of a host'
  }
  if (
    !/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i.test(
      name,
    )
  ) {
    return 'not the name of a host, such as pds.example.com'
  }
  if (/\.(local|internal|lan|home|arpa|invalid|onion)$/i.test(name)) {
    return 'a name that nobody else can reach: take one of a domain that you have, or localhost'
  }
  return zoneOf(name) === '' ? 'a domain under which names are registered, and no name' : undefined
}

/** Domains of handles, each with a leading dot, separated by commas. @returns what is wrong with them */
export function handleDomainsProblem(domains: string): string | undefined {
  for (const domain of domains.split(',')) {
    const problem = domain.startsWith('.')
      ? domain === '.test'
        ? undefined
        : hostnameProblem(domain.slice(1))
      : 'a domain of handles has a dot in front, such as .example.com'
    if (problem) return problem
  }
  return undefined
}

/**
 * The domain that a name is registered in, by the Public Suffix List: of `pds.example.co.uk`, `example.co.uk`. Empty where the
 * name is none that anybody can register.
 */
export const zoneOf = (name: string): string => getDomain(name) ?? ''

/** Handles that people get unless they choose others. */
export function defaultHandleDomain(target: 'machine' | 'cloudflare', hostname: string): string {
  if (isLoopback(hostname)) return '.test'
  // A certificate for *.example.com covers one level, so not *.pds.example.com; Cloudflare's free one is such.
  return target === 'cloudflare' ? `.${zoneOf(hostname)}` : `.${hostname}`
}

/** Handle domains that Cloudflare's free certificate (a zone and one level below it) does not cover. */
export const uncoveredDomains = (domains: readonly string[], zone: string): string[] =>
  domains.filter((domain) => domain !== `.${zone}`)
