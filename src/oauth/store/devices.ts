/** The provider's DeviceStore. The secret of a device's cookie is sealed at rest. */
import type { DeviceData, DeviceStore, SessionId } from '@atproto/oauth-provider/store'
import { currentRequest } from '../../context/current-request.ts'
import type { Services } from '../../context/services.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { DecryptionError, decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { networkMark } from '../../server/auth/oauth-secrets.ts'
import type { Device } from '../../storage/oauth/devices.ts'
import { boundUserAgent } from '../field-limits.ts'

/** Characters of an address; an IPv6 address has 45 at most. */
const MAX_ADDRESS = 64

const PURPOSE = 'oauth device session'

export const deviceStore = (services: Services): DeviceStore => ({
  async createDevice(id, data) {
    const device = {
      session: await sealSession(services, data.sessionId),
      userAgent: boundUserAgent(data.userAgent),
      ipAddress: data.ipAddress.slice(0, MAX_ADDRESS),
      lastSeenAt: data.lastSeenAt.getTime(),
    }
    const network = networkMark(services.config, currentRequest().clientNetwork)
    await services.oauth.devices.create(id, device, network)
  },
  async readDevice(id) {
    const device = await services.oauth.devices.read(id)
    if (!device) return null
    try {
      return await deviceData(services, device)
    } catch (error) {
      // Of before a secret that is gone: the browser signs in anew.
      if (error instanceof DecryptionError) return null
      throw error
    }
  },
  async updateDevice(id, { sessionId, lastSeenAt, userAgent, ipAddress }) {
    await services.oauth.devices.update(id, {
      ...(userAgent !== undefined && { userAgent: boundUserAgent(userAgent) }),
      ...(ipAddress !== undefined && { ipAddress: ipAddress.slice(0, MAX_ADDRESS) }),
      ...(sessionId && { session: await sealSession(services, sessionId) }),
      ...(lastSeenAt && { lastSeenAt: lastSeenAt.getTime() }),
    })
  },
  async deleteDevice(id) {
    await services.oauth.devices.delete(id)
  },
})

export async function deviceData(services: Services, device: Device): Promise<DeviceData> {
  const sealed = Buffer.from(device.session, 'base64url')
  const session = await decrypt(jwtSecrets(services.config), PURPOSE, sealed)
  return {
    sessionId: Buffer.from(session).toString('utf8') as SessionId,
    userAgent: device.userAgent,
    ipAddress: device.ipAddress,
    lastSeenAt: new Date(device.lastSeenAt),
  }
}

async function sealSession(services: Services, session: string): Promise<string> {
  const sealed = await encrypt(services.config.jwtSecret, PURPOSE, Buffer.from(session, 'utf8'))
  return Buffer.from(sealed).toString('base64url')
}
