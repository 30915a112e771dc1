/** Operators of a real server: accounts with the role and an authenticator app. */
import { Secret, TOTP } from 'otpauth'
import { type MadeAccount, makeAccounts } from './accounts.ts'
import { SettingsSession } from './browser-session.ts'
import { runCumulus } from './command.ts'
import type { TestServer } from './server.ts'

export interface TestOperator extends MadeAccount {
  password: string
  /** Each is good once. */
  recovery: string[]
  /** A code of the authenticator app: the step of now is used up by setting it up. */
  nextCode(): string
}

/** Runs `cumulus account role` beside a server. */
export const giveRole = (server: TestServer, account: string, role: string, args: string[] = []) =>
  runCumulus(['account', 'role', account, role, ...args], {
    PDS_PORT: new URL(server.origin).port,
    PDS_DATA_DIRECTORY: server.dataDirectory,
  })

/** An account of somebody who may operate the host. */
export async function makeOperator(server: TestServer): Promise<TestOperator> {
  const [account] = await makeAccounts(server, 1)
  if (!account) throw new Error('no account')
  const password = `password of ${account.handle}`
  const session = await SettingsSession.open(server.origin, account.handle, password)
  const { secret, recovery } = await session.setUpTotp()
  const given = await giveRole(server, account.handle, 'operator')
  if (given.code !== 0) throw new Error(given.output)
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const nextCode = () => totp.generate({ timestamp: Date.now() + 30_000 })
  return { ...account, password, recovery, nextCode }
}
