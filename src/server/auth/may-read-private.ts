import type { AdminCredentials, UserCredentials } from './policy.ts'

/** Whether the caller may also read of `did` what the public may not: its owner and the operator may. */
export const seesAll = (
  auth: UserCredentials | AdminCredentials | undefined,
  did: string,
): boolean => auth?.type === 'admin' || auth?.did === did
