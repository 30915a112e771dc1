import { define } from '#lex/app/bsky/notification/registerPush'
import { session } from '#src/auth/policy.ts'
import { callPushService } from '#src/proxy/push-service.ts'

/** Has notifications sent to a device. */
export default define({
  auth: session,
  oauth: 'forwarded',
  handler: ({ input, auth, request, app }) =>
    callPushService('app.bsky.notification.registerPush', input, auth, request, app),
})
