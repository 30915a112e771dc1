import type { AdminCredentials, UserCredentials } from '../../context/credentials.ts'

/** Whether the caller may also read of `did` what the public may not: its owner and the operator may. */
export const mayReadPrivate = (
  auth: UserCredentials | AdminCredentials | undefined,
  did: string,
): boolean => auth?.type === 'admin' || auth?.did === did
