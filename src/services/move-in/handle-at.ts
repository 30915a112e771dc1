/**
 * The handle that an account gets at its new host: a domain of one's own stays; under one of the old host, the name goes
 * under one of the new.
 *
 * @param oldDomains as the old host says, such as `.example.com`: perhaps no list, or none of texts
 */
export function handleAt(
  handle: string,
  oldDomains: unknown,
  newDomains: readonly string[],
): string {
  const domains: unknown[] = Array.isArray(oldDomains) ? oldDomains : []
  const old = domains.find(
    (domain): domain is string =>
      typeof domain === 'string' && domain.startsWith('.') && handle.endsWith(domain),
  )
  const isHere = newDomains.some((domain) => handle.endsWith(domain))
  return old === undefined || isHere
    ? handle
    : `${handle.slice(0, -old.length)}${newDomains[0] ?? ''}`
}
