import { define } from '#lex/app/bsky/notification/registerPush'
import { sessionAdmittedByObject } from '#src/auth/policy.ts'
import { callPushService } from '#src/proxy/push-service.ts'

/** Has notifications sent to a device. */
export default define({
  auth: sessionAdmittedByObject,
  handler: ({ input, auth, request, app }) =>
    callPushService('app.bsky.notification.registerPush', input, auth, request, app),
})
