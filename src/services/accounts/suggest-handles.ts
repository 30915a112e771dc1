import type { AccountDependencies } from './dependencies.ts'
import { checkHandle, handleDomainOf } from './handle-rules.ts'

const MAX_NAME = 18
const WANTED = 3

/** Handles like `wanted` that can be had. */
export async function suggestHandles(
  dependencies: AccountDependencies,
  wanted: string,
): Promise<{ handle: string; method: string }[]> {
  const handle = wanted.toLowerCase()
  const domain = handleDomainOf(handle, dependencies.config.handleDomains)
  if (!domain) return []
  const name = handle.slice(0, -domain.length).replaceAll('.', '-')
  const suggestions: { handle: string; method: string }[] = []
  for (let number = 2; number < 20 && suggestions.length < WANTED; number++) {
    const candidate = `${name.slice(0, MAX_NAME - String(number).length)}${number}${domain}`
    const valid = await checkHandle(dependencies, candidate).catch(() => undefined)
    if (valid && (await dependencies.objects.directory.accounts.isHandleFree(valid))) {
      suggestions.push({ handle: valid, method: 'number' })
    }
  }
  return suggestions
}
