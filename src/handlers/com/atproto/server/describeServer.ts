import { define } from '#lex/com/atproto/server/describeServer'
import { anyone } from '#src/auth/policy.ts'

export default define({
  auth: anyone,
  handler({ app: { config } }) {
    return {
      did: config.serviceDid,
      availableUserDomains: [...config.handleDomains],
      inviteCodeRequired: true,
      links: {},
      contact: {},
      blobUploadLimit: config.blobUploadLimit,
    }
  },
})
