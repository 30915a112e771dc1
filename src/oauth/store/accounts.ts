/** The provider's AccountStore: who lives here, who is signed in on which device, and what they allowed. */

import { HandleUnavailableError, InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore, DeviceAccount } from '@atproto/oauth-provider/store'
import { XRPCError } from '@atproto/xrpc-server'
import { currentRequest } from '../../context/current-request.ts'
import type { Services } from '../../context/services.ts'
import { readCookie } from '../../kernel/host-cookie.ts'
import { readInviteCookie } from '../../server/invite-cookie.ts'
import { readSessionCookie } from '../../server/session-cookie.ts'
import { greet } from '../../services/mail/greet.ts'
import type { DeviceAccount as StoredDeviceAccount } from '../../storage/oauth/devices.ts'
import { welcomeBrowser } from '../new-browser.ts'
import { checkSignIn } from '../sign-in.ts'
import { findAccount } from './account-view.ts'
import { deviceData } from './devices.ts'
import { beginEpoch, notedEpoch, noteEpoch } from './epochs.ts'
import { toOAuthErrors } from './errors.ts'

type AuthorizedClients = DeviceAccount['authorizedClients']

export const accountStore = (services: Services) =>
  ({
    async createAccount({ handle, email, password, inviteCode, locale }) {
      const { account, session } = await toOAuthErrors(() =>
        createInvited(services, { handle, email, password, inviteCode }),
      )
      // It is for password sessions: whoever signs up here gets a session of the browser.
      currentRequest().waitUntil(services.account(account.did).sessions.close(session.id))
      currentRequest().waitUntil(greet(services, account))
      await beginEpoch(services, account.did)
      welcomeBrowser(services, account.did, { isNew: false })
      services.mail.noteLanguage(account.did, locale)
      return mustFind(services, account.did)
    },
    async authenticateAccount({ username, password, emailOtp, locale }) {
      const did = await checkSignIn(services, { identifier: username, password, code: emailOtp })
      services.mail.noteLanguage(did, locale)
      return mustFind(services, did)
    },
    async getAccount(did) {
      const clients = await clientsOf(services, [did])
      return {
        account: await mustFind(services, did),
        authorizedClients: clients.get(did) ?? new Map(),
      }
    },
    async setAuthorizedClient(did, clientId, { authorizedScopes }) {
      const epoch = notedEpoch(did)
      await toOAuthErrors(() =>
        services.oauth.clients.authorize(did, clientId, authorizedScopes, epoch),
      )
    },
    async upsertDeviceAccount(deviceId, did) {
      const epoch = notedEpoch(did)
      const isNew = await toOAuthErrors(() => services.oauth.devices.signIn(deviceId, did, epoch))
      welcomeBrowser(services, did, { isNew })
    },
    async removeDeviceAccount(deviceId, did) {
      await services.oauth.devices.signOut(deviceId, did)
      await endBrowserSessions(services, deviceId, did)
    },
    async getDeviceAccount(deviceId, did) {
      const [found] = await deviceAccounts(services, { deviceId, did })
      return found ?? null
    },
    async listDeviceAccounts(filter) {
      return deviceAccounts(services, filter)
    },
    async verifyHandleAvailability(input) {
      const handle = await toOAuthErrors(() => services.accounts.checkHandle(input))
      if (!(await services.directory.accounts.isHandleFree(handle)))
        throw new HandleUnavailableError('taken')
    },
  }) satisfies Partial<AccountStore>

/** Who signs out on the provider's pages, or ends a browser there, is signed out of this host's own pages as well. */
async function endBrowserSessions(
  services: Services,
  deviceId: string,
  did: string,
): Promise<void> {
  const { browserSessions } = services.account(did)
  await browserSessions.closeOfDevice(deviceId)
  const { request } = currentRequest()
  const shown = readSessionCookie(request, services.config)
  const isThisBrowser = readCookie('dev-id', request.headers.get('cookie')) === deviceId
  if (isThisBrowser && shown?.did === did) await browserSessions.close(shown.token)
}

async function deviceAccounts(
  services: Services,
  filter: { deviceId?: string; did?: string },
): Promise<DeviceAccount[]> {
  const rows = await services.oauth.devices.accounts(filter)
  for (const { did, epoch } of rows) noteEpoch(did, epoch)
  const dids = [...new Set(rows.map(({ did }) => did))]
  const [clients, accounts] = await Promise.all([
    clientsOf(services, dids),
    Promise.all(dids.map(async (did) => [did, await findAccount(services, did)] as const)),
  ])
  const byDid = new Map(accounts)
  const views = rows.map((row) => view(services, row, byDid.get(row.did), clients.get(row.did)))
  return (await Promise.all(views)).filter((found) => found !== undefined)
}

async function view(
  services: Services,
  row: StoredDeviceAccount,
  account: Account | null | undefined,
  authorizedClients: AuthorizedClients = new Map(),
): Promise<DeviceAccount | undefined> {
  if (!account) return undefined
  return {
    deviceId: row.deviceId as DeviceAccount['deviceId'],
    deviceData: await deviceData(services, row.device),
    account,
    authorizedClients,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  }
}

async function clientsOf(
  services: Services,
  dids: string[],
): Promise<Map<string, AuthorizedClients>> {
  const found = await services.oauth.clients.authorizedBy(dids)
  return new Map(
    found.map(({ did, clients }) => [
      did,
      new Map(clients.map(({ clientId, scopes }) => [clientId, { authorizedScopes: scopes }])),
    ]),
  )
}

/** @throws InvalidRequestError */
export async function mustFind(services: Services, did: string): Promise<Account> {
  const account = await findAccount(services, did)
  if (!account) throw new InvalidRequestError('Account not found')
  return account
}

/** Where the page had no field for a code, that of the invitation counts; should it be none any more, nothing is lost. */
async function createInvited(
  { accounts, config }: Services,
  request: Parameters<Services['accounts']['create']>[0],
) {
  const code = readInviteCookie(currentRequest().request, config)
  if (
    request.inviteCode !== undefined ||
    code === undefined ||
    config.registration !== 'approval'
  ) {
    return accounts.create(request, undefined)
  }
  try {
    return await accounts.create({ ...request, inviteCode: code }, undefined)
  } catch (error) {
    if (!(error instanceof XRPCError) || error.error !== 'InvalidInviteCode') throw error
    return accounts.create(request, undefined)
  }
}
