import { define } from '#lex/com/atproto/identity/requestPlcOperationSignature'
import { fullSessionEvenTakendown } from '#src/server/auth/policy.ts'
import { mailLimits } from '#src/server/limits/policy.ts'
import { sendToken } from '#src/services/mail/tokens.ts'

export default define({
  auth: fullSessionEvenTakendown,
  oauth: { identity: '*' },
  limits: mailLimits,
  async handler({ auth, app }) {
    await sendToken(app, auth.did, 'plc_operation')
  },
})
