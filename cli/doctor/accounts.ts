/** Which accounts are looked at. */
import type { Account, AskHost } from './world.ts'

/** Accounts that are asked about at once, as the host allows. */
const AT_ONCE = 25

/** @param wanted handle, DID or address of one; undefined: the first `limit` */
export async function findAccounts(
  askHost: AskHost,
  wanted: string | undefined,
  limit: number,
): Promise<Account[]> {
  if (wanted !== undefined) return reportsOf(askHost, [wanted])
  const dids: string[] = []
  let cursor: unknown
  while (dids.length < limit) {
    const page = await askHost('/operator/accounts/search', { limit: limit - dids.length, cursor })
    dids.push(...(page.accounts as { did: string }[]).map(({ did }) => did))
    cursor = page.cursor
    if (cursor === undefined) break
  }
  const found: Account[] = []
  for (let from = 0; from < Math.min(limit, dids.length); from += AT_ONCE) {
    found.push(...(await reportsOf(askHost, dids.slice(from, Math.min(from + AT_ONCE, limit)))))
  }
  return found
}

async function reportsOf(askHost: AskHost, accounts: readonly string[]): Promise<Account[]> {
  const { reports } = await askHost('/operator/account-reports', { accounts })
  return reports as Account[]
}
