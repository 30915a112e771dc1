/** Which accounts are looked at. */
import type { Account, AskHost } from './world.ts'

/** Accounts that are asked at once. */
const AT_ONCE = 10

/** @param wanted handle, DID or address of one; undefined: the first `limit` */
export async function findAccounts(
  askHost: AskHost,
  wanted: string | undefined,
  limit: number,
): Promise<Account[]> {
  if (wanted !== undefined) {
    return [(await askHost('/operator/account-report', { account: wanted })) as unknown as Account]
  }
  const dids: string[] = []
  while (dids.length < limit) {
    const { accounts } = await askHost('/operator/accounts', { after: dids.at(-1) })
    const page = accounts as { did: string }[]
    dids.push(...page.map(({ did }) => did))
    if (page.length === 0) break
  }
  const found: Account[] = []
  const waiting = dids.slice(0, limit)
  while (waiting.length > 0) {
    const some = waiting.splice(0, AT_ONCE)
    const reports = await Promise.all(
      // One that is deleted meanwhile is gone.
      some.map((account) =>
        askHost('/operator/account-report', { account }).catch(() => undefined),
      ),
    )
    found.push(...reports.flatMap((report) => (report ? [report as unknown as Account] : [])))
  }
  return found
}
