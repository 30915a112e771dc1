import { define } from '#lex/app/bsky/notification/registerPush'
import { callPushService, mayUsePushService } from '#src/proxy/push-service.ts'
import { session } from '#src/server/auth/policy.ts'

/** Has notifications sent to a device. */
export default define({
  auth: session,
  oauth: ({ input }) => mayUsePushService('app.bsky.notification.registerPush', input),
  handler: ({ input, auth, request, services }) =>
    callPushService('app.bsky.notification.registerPush', input, auth, request, services),
})
