import { isPlainObject } from '@atproto/lex-data'

/** Whether what an old host gives may be kept as a preference: hosts keep those of Bluesky's app only. */
export const isPreference = (value: unknown): value is { $type: string } =>
  isPlainObject(value) && typeof value.$type === 'string' && value.$type.startsWith('app.bsky.')
