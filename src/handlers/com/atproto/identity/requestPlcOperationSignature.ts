import { define } from '#lex/com/atproto/identity/requestPlcOperationSignature'
import { mailLimits } from '#src/context/limits/policy.ts'
import { fullSessionEvenTakendown } from '#src/server/auth/policy.ts'

export default define({
  auth: fullSessionEvenTakendown,
  oauth: { identity: '*' },
  limits: mailLimits,
  async handler({ auth, services }) {
    await services.mail.sendToken(auth.did, 'plc_operation')
  },
})
