import { isPlainObject } from '@atproto/lex-data'

/** The JSON object that a text is; undefined: it is none. What is in it may be anything. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
