/** The provider's DeviceStore. The secret of a device's cookie is sealed at rest. */
import type { DeviceData, DeviceStore, SessionId } from '@atproto/oauth-provider/store'
import type { App } from '../../app.ts'
import { seal, unseal } from '../../kernel/crypto/seal.ts'
import { currentApp } from '../../server/current-request.ts'
import type { Device } from '../../storage/oauth/devices.ts'

const PURPOSE = 'oauth device session'

export const deviceStore: DeviceStore = {
  async createDevice(id, data) {
    const app = currentApp()
    await app.oauth.createDevice(id, {
      session: await sealSession(app, data.sessionId),
      userAgent: data.userAgent,
      ipAddress: data.ipAddress,
      lastSeenAt: data.lastSeenAt.getTime(),
    })
  },
  async readDevice(id) {
    const app = currentApp()
    const device = await app.oauth.readDevice(id)
    return device ? deviceData(app, device) : null
  },
  async updateDevice(id, { sessionId, lastSeenAt, ...rest }) {
    const app = currentApp()
    await app.oauth.updateDevice(id, {
      ...rest,
      ...(sessionId && { session: await sealSession(app, sessionId) }),
      ...(lastSeenAt && { lastSeenAt: lastSeenAt.getTime() }),
    })
  },
  async deleteDevice(id) {
    await currentApp().oauth.deleteDevice(id)
  },
}

export async function deviceData(app: App, device: Device): Promise<DeviceData> {
  const sealed = Buffer.from(device.session, 'base64url')
  const session = await unseal(app.config.jwtSecret, PURPOSE, sealed)
  return {
    sessionId: Buffer.from(session).toString('utf8') as SessionId,
    userAgent: device.userAgent,
    ipAddress: device.ipAddress,
    lastSeenAt: new Date(device.lastSeenAt),
  }
}

async function sealSession(app: App, session: string): Promise<string> {
  const sealed = await seal(app.config.jwtSecret, PURPOSE, Buffer.from(session, 'utf8'))
  return Buffer.from(sealed).toString('base64url')
}
