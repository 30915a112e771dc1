/** The provider's RequestStore. */
import type { RequestData, RequestStore } from '@atproto/oauth-provider/store'
import { currentRequest } from '../../context/current-request.ts'
import type { Services } from '../../context/services.ts'
import { hashOf, networkMark } from '../../server/auth/oauth-secrets.ts'
import type { AuthorizationRequest } from '../../storage/oauth/requests.ts'
import { boundClientAuth, boundParameters } from '../field-limits.ts'
import { notedEpoch, noteEpoch } from './epochs.ts'
import { toOAuthErrors } from './errors.ts'

type Code = NonNullable<RequestData['code']>
type RequestId = Parameters<RequestStore['createRequest']>[0]

export const requestStore = (services: Services): RequestStore => ({
  async createRequest(id, data) {
    const request = {
      clientId: data.clientId,
      clientAuth: boundClientAuth(data.clientAuth),
      parameters: boundParameters(data.clientId, data.parameters),
      expiresAt: data.expiresAt.getTime(),
      deviceId: data.deviceId,
      did: data.did,
      codeHash: data.code && hashOf(data.code),
    }
    const network = networkMark(services.config, currentRequest().clientNetwork)
    await services.oauth.requests.create(id, request, network)
  },
  async readRequest(id) {
    const request = await services.oauth.requests.read(id)
    return request ? toData(request) : null
  },
  async updateRequest(id, { code, expiresAt, parameters, ...rest }) {
    const change = {
      ...rest,
      ...(code && { codeHash: hashOf(code) }),
      ...(expiresAt && { expiresAt: expiresAt.getTime() }),
      ...(parameters && { parameters: JSON.stringify(parameters) }),
    }
    const epoch = rest.did ? notedEpoch(rest.did) : undefined
    await toOAuthErrors(() => services.oauth.requests.update(id, change, epoch))
  },
  async deleteRequest(id) {
    await services.oauth.requests.delete(id)
  },
  async consumeRequestCode(code) {
    const found = await services.oauth.requests.consume(hashOf(code))
    if (found?.request.did) noteEpoch(found.request.did, found.epoch)
    return found
      ? { requestId: found.id as RequestId, data: { ...toData(found.request), code } }
      : null
  },
})

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
