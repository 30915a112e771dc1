/** The provider's RequestStore. */
import type { RequestData, RequestStore } from '@atproto/oauth-provider/store'
import { hashOf } from '../../server/auth/oauth-secrets.ts'
import { currentApp } from '../../server/current-request.ts'
import type { AuthorizationRequest } from '../../storage/oauth/requests.ts'
import { take } from './errors.ts'

type Code = NonNullable<RequestData['code']>
type RequestId = Parameters<RequestStore['createRequest']>[0]

export const requestStore: RequestStore = {
  async createRequest(id, data) {
    await currentApp().oauth.createRequest(id, {
      clientId: data.clientId,
      clientAuth: JSON.stringify(data.clientAuth),
      parameters: JSON.stringify(data.parameters),
      expiresAt: data.expiresAt.getTime(),
      deviceId: data.deviceId,
      did: data.did,
      codeHash: data.code && hashOf(data.code),
    })
  },
  async readRequest(id) {
    const request = await currentApp().oauth.readRequest(id)
    return request ? toData(request) : null
  },
  async updateRequest(id, { code, expiresAt, parameters, ...rest }) {
    const change = {
      ...rest,
      ...(code && { codeHash: hashOf(code) }),
      ...(expiresAt && { expiresAt: expiresAt.getTime() }),
      ...(parameters && { parameters: JSON.stringify(parameters) }),
    }
    await take(currentApp().oauth.updateRequest(id, change))
  },
  async deleteRequest(id) {
    await currentApp().oauth.deleteRequest(id)
  },
  async consumeRequestCode(code) {
    const found = await currentApp().oauth.consumeCode(hashOf(code))
    return found
      ? { requestId: found.id as RequestId, data: { ...toData(found.request), code } }
      : null
  },
}

const toData = (request: AuthorizationRequest): RequestData => ({
  clientId: request.clientId as RequestData['clientId'],
  clientAuth: JSON.parse(request.clientAuth) as RequestData['clientAuth'],
  parameters: JSON.parse(request.parameters) as RequestData['parameters'],
  expiresAt: new Date(request.expiresAt),
  deviceId: request.deviceId as RequestData['deviceId'],
  did: request.did as RequestData['did'],
  // Nobody but the client knows the code; that there is one is all that matters here.
  code: request.codeHash as Code | null,
})
