import { define } from '#lex/com/atproto/server/describeServer'
import { anyone } from '#src/server/auth/policy.ts'

export default define({
  auth: anyone,
  handler({ services: { config } }) {
    return {
      did: config.serviceDid,
      availableUserDomains: [...config.handleDomains],
      inviteCodeRequired: config.registration === 'closed' || config.registration === 'invite',
      links: { privacyPolicy: config.privacyPolicyUrl, termsOfService: config.termsOfServiceUrl },
      contact: { email: config.contactEmail },
      blobUploadLimit: config.blobUploadLimit,
    }
  },
})
