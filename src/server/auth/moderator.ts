import type { AdminCredentials, ServiceCredentials } from '../../context/credentials.ts'

/** A moderator as the moderation log names one. */
export const moderatorOf = (auth: AdminCredentials | ServiceCredentials): string =>
  auth.type === 'admin' ? auth.actor : auth.did
