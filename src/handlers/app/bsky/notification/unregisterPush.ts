import { define } from '#lex/app/bsky/notification/unregisterPush'
import { callPushService, mayUsePushService } from '#src/proxy/push-service.ts'
import { session } from '#src/server/auth/policy.ts'

/** Ends the notifications of a device. */
export default define({
  auth: session,
  oauth: ({ input }) => mayUsePushService('app.bsky.notification.unregisterPush', input),
  handler: ({ input, auth, request, services }) =>
    callPushService('app.bsky.notification.unregisterPush', input, auth, request, services),
})
