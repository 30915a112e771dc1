import { define } from '#lex/app/bsky/notification/registerPush'
import { session } from '#src/auth/policy.ts'
import { callPushService, mayUsePushService } from '#src/proxy/push-service.ts'

/** Has notifications sent to a device. */
export default define({
  auth: session,
  oauth: ({ input }) => mayUsePushService('app.bsky.notification.registerPush', input),
  handler: ({ input, auth, request, app }) =>
    callPushService('app.bsky.notification.registerPush', input, auth, request, app),
})
