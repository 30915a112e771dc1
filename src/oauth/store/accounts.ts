/** The provider's AccountStore: who lives here, who is signed in on which device, and what they allowed. */

import { HandleUnavailableError, InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore, DeviceAccount } from '@atproto/oauth-provider/store'
import type { App } from '../../app.ts'
import { currentApp } from '../../server/current-request.ts'
import { createAccount } from '../../services/accounts/create.ts'
import { checkHandle } from '../../services/accounts/handle-rules.ts'
import type { DeviceAccount as StoredDeviceAccount } from '../../storage/oauth/devices.ts'
import { checkSignIn } from '../sign-in.ts'
import { findAccount } from './account-view.ts'
import { deviceData } from './devices.ts'
import { inOAuthWords } from './errors.ts'

type AuthorizedClients = DeviceAccount['authorizedClients']

export const accountStore = {
  async createAccount({ handle, email, password, inviteCode }) {
    const app = currentApp()
    const request = { handle, email, password, inviteCode }
    const { account, session } = await inOAuthWords(() => createAccount(app, request, undefined))
    // It is for password sessions: whoever signs up here gets a session of the browser.
    app.later(app.account(account.did).closeSession(session.id))
    return mustFind(app, account.did)
  },
  async authenticateAccount({ username, password, emailOtp }) {
    const app = currentApp()
    const did = await checkSignIn(app, { identifier: username, password, code: emailOtp })
    return mustFind(app, did)
  },
  async getAccount(did) {
    const app = currentApp()
    const clients = await clientsOf(app, [did])
    return { account: await mustFind(app, did), authorizedClients: clients.get(did) ?? new Map() }
  },
  async setAuthorizedClient(did, clientId, { authorizedScopes }) {
    await currentApp().oauth.authorizeClient(did, clientId, authorizedScopes)
  },
  async upsertDeviceAccount(deviceId, did) {
    await currentApp().oauth.signIn(deviceId, did)
  },
  async removeDeviceAccount(deviceId, did) {
    await currentApp().oauth.signOut(deviceId, did)
  },
  async getDeviceAccount(deviceId, did) {
    const [found] = await deviceAccounts({ deviceId, did })
    return found ?? null
  },
  async listDeviceAccounts(filter) {
    return deviceAccounts(filter)
  },
  async verifyHandleAvailability(input) {
    const app = currentApp()
    const handle = await inOAuthWords(() => checkHandle(app, input))
    if (!(await app.directory.isHandleFree(handle))) throw new HandleUnavailableError('taken')
  },
} satisfies Partial<AccountStore>

async function deviceAccounts(filter: {
  deviceId?: string
  did?: string
}): Promise<DeviceAccount[]> {
  const app = currentApp()
  const rows = await app.oauth.deviceAccounts(filter)
  const dids = [...new Set(rows.map(({ did }) => did))]
  const [clients, accounts] = await Promise.all([
    clientsOf(app, dids),
    Promise.all(dids.map(async (did) => [did, await findAccount(app, did)] as const)),
  ])
  const byDid = new Map(accounts)
  const views = rows.map((row) => view(app, row, byDid.get(row.did), clients.get(row.did)))
  return (await Promise.all(views)).filter((found) => found !== undefined)
}

async function view(
  app: App,
  row: StoredDeviceAccount,
  account: Account | null | undefined,
  authorizedClients: AuthorizedClients = new Map(),
): Promise<DeviceAccount | undefined> {
  if (!account) return undefined
  return {
    deviceId: row.deviceId as DeviceAccount['deviceId'],
    deviceData: await deviceData(app, row.device),
    account,
    authorizedClients,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  }
}

async function clientsOf(app: App, dids: string[]): Promise<Map<string, AuthorizedClients>> {
  const found = await app.oauth.authorizedClients(dids)
  return new Map(
    found.map(({ did, clients }) => [
      did,
      new Map(clients.map(({ clientId, scopes }) => [clientId, { authorizedScopes: scopes }])),
    ]),
  )
}

/** @throws InvalidRequestError */
export async function mustFind(app: App, did: string): Promise<Account> {
  const account = await findAccount(app, did)
  if (!account) throw new InvalidRequestError('Account not found')
  return account
}
