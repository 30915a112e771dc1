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
  while (dids.length < limit) {
    const { accounts } = await askHost('/operator/accounts', { after: dids.at(-1) })
    const page = accounts as { did: string }[]
    dids.push(...page.map(({ did }) => did))
    if (page.length === 0) break
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
