/** What a change of a record changes, place by place. */

/** Lines such as `- text: "a"` and `+ text: "b"`, for each place where two values of JSON differ. */
export function diffLines(before: unknown, after: unknown): string[] {
  const [old, now] = [leaves(before), leaves(after)]
  const places = [...new Set([...old.keys(), ...now.keys()])]
  return places.flatMap((place) => {
    const [was, is] = [old.get(place), now.get(place)]
    if (was === is) return []
    return [
      ...(was === undefined ? [] : [`- ${place}: ${was}`]),
      ...(is === undefined ? [] : [`+ ${place}: ${is}`]),
    ]
  })
}

/** Texts of what is not an object or list, or is an empty one, by place. */
function leaves(value: unknown): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (part: unknown, place: string): void => {
    if (part === undefined) return
    const entries = typeof part === 'object' && part !== null ? Object.entries(part) : []
    if (entries.length === 0) found.set(place, JSON.stringify(part))
    for (const [key, below] of entries) walk(below, place === '' ? key : `${place}.${key}`)
  }
  walk(value, '')
  return found
}
