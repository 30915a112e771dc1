/** Reading what others answer. */
import { UnreachableError } from './outside.ts'

/** Fields of what anybody may have sent. */
export const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** What comes of asking; a reason where nobody answers. */
export async function orReason<T>(asking: Promise<T>): Promise<T | { unreachable: string }> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof UnreachableError) return { unreachable: error.message }
    throw error
  }
}
